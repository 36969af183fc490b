//! Calls Postern from Rust: typed clients of the code issuer and its desk, the verifier and the
//! journey runner.
//!
//! ```text
//! CodeIssuer, Desk ─┐
//! Verifier ─────────┼──> Calls: deadline, retries, idempotency key, trace ──> gRPC over TCP or TLS
//! JourneyRunner ────┘      │
//!                          └──> Tokens: the access token, cached and renewed ──> token endpoint
//! ```
//!
//! ```no_run
//! # async fn issue() -> Result<(), Box<dyn std::error::Error>> {
//! use client::{CallError, Client, Credentials, IdentifierType, IssueCodeRequest, Secret, user};
//!
//! let credentials = Credentials {
//!     token_endpoint: "http://127.0.0.1:8080/oidc/token".to_owned(),
//!     client_id: "help-desk".to_owned(),
//!     secret: Secret::File("/run/secrets/help-desk".into()),
//!     tls: None,
//! };
//! let issuer = Client::new(credentials, None)?.code_issuer("http://127.0.0.1:50051")?;
//!
//! let user = user(IdentifierType::UserId, "alice");
//! match issuer.issue_code(IssueCodeRequest { user, ..Default::default() }).await {
//!     Ok(issued) => println!("{}", issued.code),
//!     Err(CallError::UserLocked { locked_until }) => println!("locked until {locked_until:?}"),
//!     Err(other) => return Err(other.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | who calls, and with which secret | [`Credentials`] |
//! | which certificates are trusted and presented | [`Tls`] |
//! | what a call does | [`CodeIssuer`], [`Desk`], [`Verifier`], [`JourneyRunner`] |
//! | how calls are made as an agent | [`Client::exchange`], [`AgentToken`] |
//! | why a call failed | [`CallError`] |
//!
//! # Retries
//! A call is tried again within its deadline after `UNAVAILABLE`, a lost connection, or an expired
//! access token; never after a refusal. All its attempts have one idempotency key, so that the
//! service acts once.
//!
//! # Secrets
//! `Debug` shows neither codes, tokens nor client secrets.

mod calls;
mod client;
mod connect;
mod credentials;
mod desk;
mod error;
mod issuer;
mod retries;
mod runner;
mod setup;
#[cfg(test)]
mod testing;
mod tls;
mod tokens;
mod trace;
mod verifier;

pub use client::Client;
pub use credentials::{Credentials, Secret};
pub use desk::Desk;
pub use error::{CallError, DeskRefusal, TokenError};
pub use issuer::CodeIssuer;
pub use protos::code::v1::verify_code_response::Outcome;
pub use protos::code::v1::*;
pub use protos::desk::v1::brake_target::Target;
pub use protos::desk::v1::*;
pub use protos::journey::v1::journey_state::State;
pub use protos::journey::v1::*;
pub use runner::{JourneyRunner, params};
pub use setup::SetupError;
pub use tls::Tls;
pub use tokens::AgentToken;
pub use tonic_types::FieldViolation;
pub use verifier::{Verifier, attempt};

/// A user by one of their identifiers, as a field of a request.
pub fn user(kind: IdentifierType, value: impl Into<String>) -> Option<UserIdentifier> {
    Some(UserIdentifier { r#type: kind.into(), value: value.into() })
}
