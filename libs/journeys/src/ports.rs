//! The ports of a [`Runner`](crate::runner::Runner): the verifier, the token minter, and the store
//! of waiting journeys.

mod verifier;

use std::time::Duration;

use async_trait::async_trait;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId};
use definitions::JourneyId;

pub use self::verifier::{PairRequest, VerifyCodes, VerifyFault, VerifyRequest, Withdrawal};
use crate::ids::SessionKey;

/// Mints the tokens of a journey. Signing is quick, so no method is async.
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

/// A token could not be minted. The reason is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token could not be minted: {0}")]
pub struct MintError(pub String);

/// Stores waiting journeys. The `conformance` module is its contract.
#[async_trait]
pub trait JourneyStore: Send + Sync {
    /// Stores a new session with version 1 for `lifetime`. Fails if there is one under that key:
    /// keys are unguessable, so that is no coincidence.
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault>;

    /// The session, unless it has ended or expired.
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault>;

    /// Replaces the session if its version is still `expected`, and raises the version by one. With
    /// a `lifetime`, the session expires that long from now; without one, its expiry stays. Of
    /// parallel calls with the same `expected`, one succeeds.
    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault>;

    /// Deletes the session. Does nothing if there is none.
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

/// The outcome of an advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The session was replaced.
    Advanced,
    /// Another call replaced it first.
    Outrun,
    /// The session has ended or expired.
    Gone,
}

/// The store failed. The reason is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journey store is unavailable: {0}")]
pub struct StoreFault(pub String);
