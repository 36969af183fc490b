//! What callers read of an error, over gRPC and over HTTP: the form of a row, and the table of what the
//! servers themselves refuse.
//!
//! | to learn | read |
//! | --- | --- |
//! | what a row holds, and how each protocol writes it | [`row`] |
//! | what a server refuses before a service sees it, or in its place | [`refusal`] |
//!
//! The rows of what services refuse are in `wire::error`: they know the domain, and this crate does not.

pub mod refusal;
pub mod row;

pub use refusal::Refusal;
pub use row::{DOMAIN, Detail, FieldViolation, HttpFault, Row};
