//! Journeys: the steps between a user's request to sign in and the tokens that the user gets.
//!
//! ```text
//!  YAML -> definitions::Journey      checked as a whole before it runs
//!               |
//!  Start, Submission -> runner::Runner -> Answer
//!                          |   |
//!          engine: (state, event) -> (state, move)     no I/O, no clock, no randomness
//!                          |   expressions: bounded, no loops; the code is a secret value
//!                          v
//!                     ports: VerifyCodes, MintTokens, JourneyStore
//!                                                     `- memory, held to conformance
//! ```
//!
//! - [`engine`]: how a journey moves. A new step is one variant of [`definitions::step::Action`]; the
//!   compiler names all other places.
//! - [`ids`], [`input`], [`verdict`]: types that all of them use.
//! - [`session`]: a waiting journey, and what the store keeps of it (no secret).
//! - [`runner`]: the use case; [`ports`]: what it needs from outside.
//! - [`memory`]: the store in memory, which is the specification; `conformance`: the contract of
//!   all stores.
//!
//! The temporary code is a secret value from the parameter or the form's field to the verifier, and
//! goes nowhere else. This crate never sees a runtime, a wire format or an environment variable.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod ids;
pub mod input;
pub mod memory;
pub mod ports;
mod request;
pub mod runner;
pub mod session;
pub mod verdict;
