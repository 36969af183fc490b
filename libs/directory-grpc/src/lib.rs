//! The directory of users that the integrator serves over gRPC (`postern.directory.v1`).
//!
//! ```text
//! resolve ──> Circuit ──> Answers ──> concurrency limit, timeout ──> DirectoryService
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
//! # Why a stranger learns nothing
//! - A failed call is UNAVAILABLE to the caller, for known and unknown users alike. While the directory is
//!   down, cached answers do not serve either.
//! - An answer that contradicts the question counts as no such user: only an existing user can be its cause.
//! - Known and unknown users are cached for the same time.

pub mod answers;
pub mod circuit;
mod directory;
mod token;

pub use directory::{GrpcDirectory, TIMEOUT, begin};
pub use token::Token;
