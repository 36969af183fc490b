//! The wire: what Postern says over gRPC, and the one place where it becomes domain types and back.
//!
//! | to learn | read |
//! | --- | --- |
//! | the messages, clients and servers | [`code::v1`], [`journey::v1`], generated from `proto/` |
//! | which rpcs there are | [`rpc`] |
//! | which errors leave a service, over gRPC and over HTTP | [`error`] |
//! | how requests become domain types, every mistake named at once | [`violations`], [`issuer`], [`verifier`], [`runner`] |
//! | how JSON crosses | [`json`] |
//!
//! Fields that are marked `debug_redact` in the protos never show in a message's `Debug`: `build.rs`
//! writes it.

#[expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    reason = "generated; the protos are documented, and `buf lint` sees to it"
)]
pub mod generated;

pub mod error;
pub mod issuer;
pub mod json;
pub mod rpc;
pub mod runner;
pub mod time;
pub mod verifier;
pub mod violations;

pub use generated::{code, journey};

/// The descriptors of both packages and all that they import, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
