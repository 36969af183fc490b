//! The audit trail: who did what to whose code, and what came of it. An event is written before
//! the reply leaves; if it cannot be written, the caller gets an error and not the outcome.
//!
//! # Why an event can come twice
//! Between the store's effect and the trail's line a process can die, or a reply can be lost. So a
//! retry that sees an earlier outcome writes its events again, marked as replayed: whoever reads the
//! trail counts each action of an attempt once. An operation whose outcome never came back leaves a
//! line that says so.

use async_trait::async_trait;
use clock::Timestamp;

use crate::digest::{AttemptId, Subject};
use crate::ids::{ApplicationId, ClientId, CodeId};
use crate::record::DenialReason;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A code was issued.
    Issued,
    /// A lock was ended to issue a code.
    LockOverridden,
    /// A code was revoked by support.
    Revoked,
    /// A code was redeemed.
    Accepted,
    /// A guess was refused.
    Denied(DenialReason),
    /// A code was used up by wrong guesses.
    Burned,
    /// A user was locked.
    Locked,
    /// A user's failures and lock were cleared.
    LockoutCleared,
    /// The store did not say what came of an operation: it may have taken effect.
    Unresolved,
}

impl Action {
    /// Every action there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let actions = [
            Self::Issued,
            Self::LockOverridden,
            Self::Revoked,
            Self::Accepted,
            Self::Burned,
            Self::Locked,
            Self::LockoutCleared,
            Self::Unresolved,
        ];
        actions.into_iter().chain(DenialReason::ALL.map(Self::Denied))
    }

    /// The action's name in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "code.issued",
            Self::LockOverridden => "lock.overridden",
            Self::Revoked => "code.revoked",
            Self::Accepted => "code.accepted",
            Self::Denied(_) => "code.denied",
            Self::Burned => "code.burned",
            Self::Locked => "user.locked",
            Self::LockoutCleared => "lockout.cleared",
            Self::Unresolved => "operation.unresolved",
        }
    }
}

/// What the caller said about an operation. Free text of trusted callers, never the code, never
/// the user's identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The support agent.
    pub agent_id: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket_ref: Option<String>,
    /// How the agent checked who is calling.
    pub verification_method: Option<String>,
    /// Ties the event to the caller's own trail.
    pub correlation_id: Option<String>,
    /// The journey in which it happened.
    pub journey_id: Option<String>,
}

/// One line of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by the clock of the service.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// In which application.
    pub application: ApplicationId,
    /// Through which client.
    pub client: ClientId,
    /// To whom: a keyed hash.
    pub subject: Subject,
    /// In which attempt. Each action of an attempt happened once, however often it is written.
    pub attempt: AttemptId,
    /// Whether a retry saw the outcome of an earlier call.
    pub replayed: bool,
    /// Which code, where it is known.
    pub code_id: Option<CodeId>,
    /// What the caller said.
    pub context: Context,
}

/// The trail could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the audit trail could not be written: {0}")]
pub struct AuditError(pub String);

/// Writes the trail.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Writes one event, durably enough that the reply may leave.
    async fn record(&self, event: Event) -> Result<(), AuditError>;
}
