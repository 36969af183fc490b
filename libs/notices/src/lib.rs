//! Notices: a webhook tells users of each code that is issued or redeemed for them, so that they see a
//! stolen recovery.
//!
//! ```text
//! issue, redemption ──> Notifier ──> Outbox ──> Dispatcher ──> signed webhook ──> the application's receiver,
//!                       seals        waits,     tries again                       which mails the user
//!                                    at most 72 h
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | what a notice says | [`notice`], `schemas/notice.json` |
//! | where notices wait, and how late they are | [`outbox`], [`memory`] |
//! | how an outbox is held to that | `conformance` |
//! | what an application configures | [`receiver`] |
//! | how a webhook is signed and verified | [`signature`] |
//! | who does what | [`notifier`], [`dispatcher`] |
//!
//! This crate performs no I/O of its own and never sees a runtime, a wire format or an environment
//! variable.

mod backoff;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod dispatcher;
pub mod memory;
pub mod notice;
pub mod notifier;
pub mod outbox;
pub mod receiver;
pub mod signature;

/// The JSON Schema of a notice.
pub const SCHEMA: &str = include_str!("../schemas/notice.json");
