//! What a [`Runner`](crate::runner::Runner) needs from outside: somebody who verifies codes,
//! somebody who mints tokens, and a place where journeys wait.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId, IdempotencyKey};
use codes::user::IdentifierType;
use definitions::JourneyId;
use secrecy::SecretString;

use crate::ids::SessionKey;
use crate::verdict::Verdict;

/// Verifies temporary codes.
#[async_trait]
pub trait VerifyCodes: Send + Sync {
    /// Verifies one code. The same idempotency key gives the same verdict, and counts once.
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault>;
}

/// A code to verify. Its `Debug` shows neither the code nor the identifier.
pub struct VerifyRequest {
    /// The application in which the journey runs.
    pub application: ApplicationId,
    /// What the identifier is.
    pub identifier_type: IdentifierType,
    /// Who the user says they are, as it was typed.
    pub identifier: String,
    /// The code as it was typed.
    pub code: SecretString,
    /// Names this attempt, also when it is sent again.
    pub idempotency_key: IdempotencyKey,
    /// Ties the attempt to the caller's own trail.
    pub correlation_id: Option<String>,
    /// The journey that asks.
    pub journey: JourneyId,
    /// The address from which the code was sent, where it is known.
    pub source: Option<IpAddr>,
}

impl std::fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyRequest")
            .field("application", &self.application)
            .field("journey", &self.journey)
            .finish_non_exhaustive()
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyFault {
    /// The verifier cannot answer now; trying again may help.
    #[error("the verifier is unavailable")]
    Unavailable,
    /// The verifier refuses us; trying again does not help.
    #[error("the verifier refuses this service: {0}")]
    Misconfigured(String),
}

/// Mints what a journey hands out. Signing is quick: no method waits.
pub trait MintTokens: Send + Sync {
    /// The tokens of an authenticated user.
    ///
    /// # Errors
    /// The tokens cannot be signed.
    fn user_tokens(&self, authentication: &Authentication) -> Result<UserTokens, MintError>;

    /// The token of a completed journey. `run` is unique to this run of the journey.
    ///
    /// # Errors
    /// The token cannot be signed.
    fn journey_token(
        &self,
        application: &ApplicationId,
        client: &ClientId,
        journey: &JourneyId,
        run: &str,
        authentication: Option<&Authentication>,
    ) -> Result<String, MintError>;
}

/// A user's tokens. Their `Debug` shows nothing.
#[derive(Clone)]
pub struct UserTokens {
    /// The access token.
    pub access_token: String,
    /// The ID token.
    pub id_token: String,
}

impl std::fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserTokens([redacted])")
    }
}

/// A token could not be minted. Says why, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token could not be minted: {0}")]
pub struct MintError(pub String);

/// Where journeys wait for their clients. The `conformance` module is its contract.
#[async_trait]
pub trait JourneyStore: Send + Sync {
    /// Puts a new session there, with version 1, for `lifetime` and no longer. A fault if there is
    /// one under that key: keys are unguessable, so that would be no accident.
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault>;

    /// The session, unless it ended or its lifetime is over.
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault>;

    /// Replaces the session if its version is still `expected`, and raises the version by one. The
    /// lifetime goes on as it was. Of many that expect the same version, one advances.
    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
    ) -> Result<Advance, StoreFault>;

    /// Forgets the session. Does nothing where there is none.
    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault>;
}

/// A session as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// How often it was written: 1 for a new session.
    pub version: u64,
    /// The session, as JSON.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What came of advancing a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// It advanced.
    Advanced,
    /// Somebody else advanced it first.
    Outrun,
    /// It ended, or its lifetime is over.
    Gone,
}

/// The store cannot serve. Says why, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journey store is unavailable: {0}")]
pub struct StoreFault(pub String);
