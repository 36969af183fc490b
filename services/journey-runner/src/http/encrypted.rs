//! A call in the encrypted mode: admitted, decrypted, performed.
//!
//! # Why all refusals are one
//! The text is encrypted without authentication. An attacker who changes a captured message, or joins
//! parts of several, reads its text out of the differences between answers. So whatever is wrong with
//! a message, from its padding to the journey that it names, has one status, one body and one time.
//! The service's own faults (too many requests, no store) are told as in clear.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;
use encryption::CryptoSession;
use journeys::runner::RunError;
use tokio::time::{Instant, sleep_until};
use web_protocol::message::{Encrypted, invalid};
use web_protocol::reply::Reply;
use wire::error::Fault;

use super::call::{Call, Operation};
use crate::{JourneyRunner, fault};

/// When a refusal is told, at the earliest: later than any refusal is known while the store is well.
const REFUSAL_FLOOR: Duration = Duration::from_millis(50);

impl JourneyRunner {
    /// Answers an encrypted call.
    pub(super) async fn answer_encrypted(
        &self,
        operation: Operation,
        call: Call,
        headers: &HeaderMap,
        sent: &Encrypted,
    ) -> Response {
        let floor = Instant::now() + REFUSAL_FLOOR;
        match self.perform_encrypted(operation, call, headers, sent).await {
            Ok((reply, session)) => self.answer(Ok(reply), None, Some(&session)),
            Err(fault) => {
                sleep_until(floor).await;
                self.answer(Err(told(fault)), None, None)
            }
        }
    }

    async fn perform_encrypted(
        &self,
        operation: Operation,
        call: Call,
        headers: &HeaderMap,
        sent: &Encrypted,
    ) -> Result<(Reply, CryptoSession), Fault> {
        // A call of an unknown client reaches no store.
        call.principal.as_ref().ok_or_else(refused)?;
        let now = self.clock.now();
        let session = encryption::open(&self.sealer, &sent.crypto_session_id, now);
        let session = session.ok_or_else(refused)?;
        let iv = sent.iv().ok_or_else(refused)?;
        let admitted =
            self.admissions.admit(&session.id, iv, session.expires_at, call.source).await;
        let admitted = admitted.map_err(fault)?.ok_or_else(refused)?;
        let mut message = sent.decrypt(&session, iv).ok_or_else(refused)?;
        let reply = self.perform(operation, call, headers, &mut message).await?;
        self.admissions.accept(admitted).await.map_err(|store| fault(RunError::from(store)))?;
        Ok((reply, session))
    }
}

/// The one refusal.
fn refused() -> Fault {
    invalid("cannot be read in this crypto session: start the journey again with a new one")
}

/// What is told of a fault.
fn told(fault: Fault) -> Fault {
    match fault {
        Fault::RateLimited { .. } | Fault::NoticesDelayed | Fault::Unavailable { .. } => fault,
        Fault::Unauthenticated
        | Fault::PermissionDenied { .. }
        | Fault::OtherAgent
        | Fault::OwnAccount
        | Fault::Desk(_)
        | Fault::ForeignOrigin
        | Fault::InvalidArgument(_)
        | Fault::UserNotFound
        | Fault::UserLocked { .. }
        | Fault::UserBlocked { .. }
        | Fault::UserDisabled
        | Fault::CredentialsRejected
        | Fault::PasscodeExpired
        | Fault::LockedOut
        | Fault::PairingNotFound
        | Fault::PairingRequired(_)
        | Fault::PairingOff
        | Fault::PairingsExhausted { .. }
        | Fault::IssueQuotaExceeded { .. }
        | Fault::OverrideQuotaExceeded { .. }
        | Fault::IdempotencyConflict
        | Fault::JourneyNotFound
        | Fault::SessionNotFound
        | Fault::ChallengeUsed
        | Fault::JourneyAborted
        | Fault::JourneyChanged => refused(),
    }
}
