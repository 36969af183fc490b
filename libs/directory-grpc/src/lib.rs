//! The directory of users that the integrator serves over gRPC (`postern.directory.v1`).
//!
//! ```text
//! resolve ──> Circuit ──> Answers ──> concurrency limit, deadline ──> DirectoryService
//!             fails fast  the cache
//!             while down
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | how a user is resolved, and what fails | [`GrpcDirectory`] |
//! | what a cached answer can do | [`answers`] |
//! | when calls fail fast | [`circuit`] |
//! | how Postern authenticates to the directory | [`Token`], or a client certificate in [`Remote`](grpc_client::Remote) |
//! | which answers are believed | [`wire::directory`] |
//!
//! # Why every fault is alike
//! A fault says nothing about the user: no fault is read as "no such user", and each is UNAVAILABLE to the
//! caller. While the directory is down, cached answers do not serve either, so that no user fares better
//! than another.

pub mod answers;
pub mod circuit;
mod directory;
mod token;

pub use directory::{GrpcDirectory, TIMEOUT};
pub use token::Token;
