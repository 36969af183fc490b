//! The protos as Rust: messages, clients and servers. It knows neither the domain nor the services,
//! so that callers can build on it.
//!
//! | to learn | read |
//! | --- | --- |
//! | the messages, clients and servers | [`code::v1`], [`desk::v1`], [`journey::v1`], generated from `proto/` |
//! | which rpcs exist | [`rpc`] |
//!
//! The `Debug` of a message redacts the fields that are marked `debug_redact` in the protos, and a
//! message with a temporary code wipes it when dropped: `build.rs` writes both.

#[expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    reason = "generated; the protos are documented, and `buf lint` sees to it"
)]
pub mod generated;
pub mod rpc;

pub use generated::{code, desk, journey};

/// The descriptors of the packages and all that they import, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
