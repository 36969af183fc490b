//! What callers see of an error, over gRPC and over HTTP: the form of a row, and the table of
//! refusals that the servers themselves send.
//!
//! | to learn | read |
//! | --- | --- |
//! | what a row contains, and how each protocol writes it | [`row`] |
//! | what a server refuses before or instead of a service | [`refusal`] |
//!
//! The rows of the services' own errors are in `wire::error`, since they need the domain's types.

pub mod refusal;
pub mod row;

pub use refusal::Refusal;
pub use row::{DOMAIN, Detail, FieldViolation, HttpFault, Row};
