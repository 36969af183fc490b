//! The wire: converts Postern's gRPC messages to domain types and back.
//!
//! | to learn | read |
//! | --- | --- |
//! | which messages, clients, servers and rpcs exist | the crate `protos` |
//! | which errors callers see, over gRPC and over HTTP | [`error`] |
//! | how requests are parsed, with all mistakes reported at once | [`violations`], [`issuer`], [`verifier`], [`pairing`], [`decisions`], [`repudiation`], [`runner`] |
//! | how the integrator's directory is asked, and which answers are believed | [`directory`] |
//! | how JSON is converted | [`json`] |

pub mod decisions;
pub mod directory;
pub mod error;
pub mod issuer;
pub mod json;
pub mod pairing;
pub mod repudiation;
pub mod runner;
pub mod time;
pub mod verifier;
pub mod violations;

pub use protos::{FILE_DESCRIPTOR_SET, code, desk, journey, rpc};
