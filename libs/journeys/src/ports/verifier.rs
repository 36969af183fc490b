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

/// Verifies temporary codes, and pairs journeys with them.
#[async_trait]
pub trait VerifyCodes: Send + Sync {
    /// Verifies one code. The same idempotency key gives the same verdict, and counts once.
    ///
    /// # Errors
    /// - [`VerifyFault::Unavailable`]: the verifier cannot answer now.
    /// - [`VerifyFault::Misconfigured`]: it refuses this service.
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault>;

    /// Gives a journey the number under which support finds it. The same binding gets the same number
    /// while it lives.
    ///
    /// # Errors
    /// - [`VerifyFault::Unavailable`]: the verifier cannot answer now.
    /// - [`VerifyFault::Misconfigured`]: it refuses this service, or the application does not pair.
    async fn pair(&self, request: PairRequest) -> Result<PairVerdict, VerifyFault>;

    /// Ends the pairing of a journey that ended. Best effort: the caller does not wait for the verifier,
    /// and a number that stays ends by itself.
    async fn withdraw(&self, withdrawal: Withdrawal);
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
    /// The session that asks, if it has paired.
    pub binding: Option<Binding>,
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

/// A journey to pair. Its `Debug` does not show the identifier.
pub struct PairRequest {
    /// The application in which the journey runs.
    pub application: ApplicationId,
    /// What the identifier is.
    pub identifier_type: IdentifierType,
    /// Who the user says they are, as it was typed.
    pub identifier: String,
    /// The session.
    pub binding: Binding,
    /// What the agent may ask the caller about.
    pub facts: Facts,
    /// When the session ends: no code for it may live longer.
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
    /// What the identifier is.
    pub identifier_type: IdentifierType,
    /// The identifier with which the session paired.
    pub identifier: String,
    /// The session.
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
    /// The verifier cannot answer now; trying again may help.
    #[error("the verifier is unavailable")]
    Unavailable,
    /// The verifier refuses us; trying again does not help.
    #[error("the verifier refuses this service: {0}")]
    Misconfigured(String),
}
