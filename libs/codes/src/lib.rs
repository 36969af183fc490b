//! The heart of Postern: temporary access codes, what they are made of and what may happen to them.
//!
//! | to learn | read |
//! | --- | --- |
//! | what a code is, what it looks like, and what was typed for one | [`code`], [`shape`], [`guess`] |
//! | who it is for | [`user`], [`directory`] |
//! | how long and how often it may be tried | [`policy`] |
//! | how it is tied to one journey | [`pairing`], [`facts`] |
//! | what can happen to it, as a state machine | [`record`] |
//! | what stands in the store in its place | [`digest`], [`peppers`] |
//! | how a retry is recognised | [`names`], [`claims`], [`record`] |
//! | what an accepted code proves | [`authentication`] |
//! | who does what | [`issuer`], [`verifier`], [`pairer`], over the ports in [`desk`] |
//! | how a store is held to the state machine | `conformance` |
//!
//! This crate performs no I/O of its own and never sees a runtime, a wire format or an environment
//! variable.

pub mod audit;
pub mod authentication;
pub mod claims;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod desk;
pub mod digest;
pub mod directory;
pub mod facts;
pub mod ids;
pub mod issuer;
mod mac;
pub mod memory;
pub mod names;
pub mod pairer;
pub mod pairing;
pub mod peppers;
pub mod policy;
pub mod randomness;
pub mod record;
pub mod store;
pub mod verifier;

pub use credentials::{code, guess, shape, user};
