//! The port to the verifier.

use std::net::IpAddr;

use async_trait::async_trait;
use clock::Timestamp;
use codes::facts::Facts;
use codes::ids::{ApplicationId, IdempotencyKey};
use codes::pairing::Binding;
use codes::user::IdentifierType;
use definitions::JourneyId;
use secrecy::SecretString;

use crate::verdict::{PairVerdict, Verdict};

/// Verifies temporary codes, and pairs journeys.
#[async_trait]
pub trait VerifyCodes: Send + Sync {
    /// Verifies one code. The same idempotency key gets the same verdict and is counted once.
    ///
    /// # Errors
    /// - [`VerifyFault::Unavailable`]: the verifier cannot answer now.
    /// - [`VerifyFault::Misconfigured`]: the verifier refuses this service.
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault>;

    /// Gives a journey the number by which support finds it. The same binding gets the same number
    /// while that is valid.
    ///
    /// # Errors
    /// - [`VerifyFault::Unavailable`]: the verifier cannot answer now.
    /// - [`VerifyFault::Misconfigured`]: the verifier refuses this service, or the application's
    /// policy has no pairing.
    async fn pair(&self, request: PairRequest) -> Result<PairVerdict, VerifyFault>;

    /// Ends the pairing of a journey that has ended. Best effort: the caller does not wait, and the
    /// number expires anyway.
    async fn withdraw(&self, withdrawal: Withdrawal);
}

/// A code to verify. Its `Debug` shows neither the code nor the identifier.
pub struct VerifyRequest {
    /// The application in which the journey runs.
    pub application: ApplicationId,
    /// The type of the identifier.
    pub identifier_type: IdentifierType,
    /// The identifier as it was typed.
    pub identifier: String,
    /// The code as it was typed.
    pub code: SecretString,
    /// The name of this attempt; a retry has the same one.
    pub idempotency_key: IdempotencyKey,
    /// Correlates the attempt with the caller's own logs.
    pub correlation_id: Option<String>,
    /// The journey that asks, if one does.
    pub journey: Option<JourneyId>,
    /// The binding of the session, if it has paired.
    pub binding: Option<Binding>,
    /// The address that the code was sent from, if known.
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

/// A journey to pair. Its `Debug` does not show the identifier.
pub struct PairRequest {
    /// The application in which the journey runs.
    pub application: ApplicationId,
    /// The type of the identifier.
    pub identifier_type: IdentifierType,
    /// The identifier as it was typed.
    pub identifier: String,
    /// The binding of the session.
    pub binding: Binding,
    /// The facts that the agent can ask the caller about.
    pub facts: Facts,
    /// When the session ends: no code for it may expire later.
    pub session_ends_at: Timestamp,
}

impl std::fmt::Debug for PairRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairRequest")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

/// A pairing to end. Its `Debug` does not show the identifier.
pub struct Withdrawal {
    /// The application in which the journey ran.
    pub application: ApplicationId,
    /// The type of the identifier.
    pub identifier_type: IdentifierType,
    /// The identifier that the session paired with.
    pub identifier: String,
    /// The binding of the session.
    pub binding: Binding,
}

impl std::fmt::Debug for Withdrawal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Withdrawal").field("application", &self.application).finish_non_exhaustive()
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyFault {
    /// The verifier cannot answer now; a retry may succeed.
    #[error("the verifier is unavailable")]
    Unavailable,
    /// The verifier refuses this service; a retry does not help.
    #[error("the verifier refuses this service: {0}")]
    Misconfigured(String),
}
