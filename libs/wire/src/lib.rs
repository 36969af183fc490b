//! The wire: what Postern says over gRPC, and the one place where it becomes domain types and back.
//!
//! | to learn | read |
//! | --- | --- |
//! | the messages, clients and servers; which rpcs there are | the crate `protos` |
//! | which errors leave a service, over gRPC and over HTTP | [`error`] |
//! | how requests become domain types, every mistake named at once | [`violations`], [`issuer`], [`verifier`], [`pairing`], [`runner`] |
//! | how JSON crosses | [`json`] |

pub mod error;
pub mod issuer;
pub mod json;
pub mod pairing;
pub mod runner;
pub mod time;
pub mod verifier;
pub mod violations;

pub use protos::{FILE_DESCRIPTOR_SET, code, desk, journey, rpc};
