//! The use cases of temporary access codes: issue, verify, revoke, pair. Each request becomes one
//! transition of a user's record.
//!
//! | to learn | read |
//! | --- | --- |
//! | what each use case does | [`issuer`], [`verifier`], [`pairer`], [`repudiator`] |
//! | which ports and keys they share | [`operations`] |
//! | which ports a deployment supplies | [`store`], [`claims`], [`grants`], [`directory`], [`audit`] |
//! | how codes and identifiers are digested and encrypted | [`peppers`], [`seal`] |
//! | how a retry is recognised | [`names`], [`claims`], [`record`] |
//! | what is known about a journey that waits for a code | [`facts`] |
//! | what an accepted code proves | [`authentication`] |
//! | how a store is held to the state machine | `conformance` |
//! | the state machine itself, policies and ids | the crate `records`: [`record`], [`policy`], [`ids`] |
//! | what people type | the crate `credentials`: [`user`], [`guess`] |
//!
//! This crate performs no I/O of its own and never sees a runtime, a wire format or an environment
//! variable.

pub mod audit;
pub mod authentication;
pub mod claims;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod directory;
pub mod facts;
pub mod grants;
pub mod issuer;
mod mac;
pub mod memory;
pub mod names;
pub mod operations;
pub mod pairer;
pub mod peppers;
pub mod randomness;
pub mod repudiator;
pub mod seal;
pub mod store;
pub mod verifier;

pub use credentials::{code, guess, shape, user};
pub use records::{digest, ids, pairing, policy, record};
