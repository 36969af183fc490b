//! The protos in Rust: messages, clients and servers. It depends neither on the domain nor on the
//! services, so that callers can build on it.
//!
//! | to learn | read |
//! | --- | --- |
//! | the messages, clients and servers | [`code::v1`], [`desk::v1`], [`directory::v1`], [`journey::v1`], generated from `proto/` |
//! | which rpcs exist | [`rpc`] |
//!
//! `build.rs` also generates: a `Debug` that redacts the fields marked `debug_redact` in the
//! protos, and a `Drop` that wipes temporary codes in messages.

#[expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    reason = "generated; the protos are documented, and `buf lint` sees to it"
)]
pub mod generated;
pub mod rpc;

pub use generated::{code, desk, directory, journey};

/// The descriptors of the packages and of all that they import, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
