//! The audit trail: who did what to whose code, and what came of it. An event is written before
//! the reply leaves; if it cannot be written, the caller gets an error and not the outcome.
//!
//! # Why an event can come twice
//! Between the store's effect and the trail's line a process can die, or a reply can be lost. So a
//! retry that sees an earlier outcome writes its events again, marked as replayed: whoever reads the
//! trail counts each action of an attempt once. An operation whose outcome never came back leaves a
//! line that says so.

use std::net::IpAddr;

use async_trait::async_trait;
use clock::Timestamp;

use crate::digest::{AttemptId, Subject};
use crate::ids::{ApplicationId, ClientId, CodeId, ProviderId};
use crate::record::DenialReason;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A code was issued.
    Issued,
    /// A lock was ended to issue a code.
    LockOverridden,
    /// A code was asked for and not issued.
    IssueRefused(IssueRefusal),
    /// A code was revoked by support.
    Revoked,
    /// The grant of a redeemed code was revoked by support.
    GrantRevoked,
    /// Somebody looked how a user's code stands.
    CodeDescribed,
    /// Somebody looked at a user's failures and lock.
    LockoutDescribed,
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
    /// A journey was paired: it has a number under which an agent finds it.
    Paired,
    /// The pairing of a journey was ended.
    PairingWithdrawn,
    /// An agent looked for the journey under a number.
    PairingDescribed,
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
            Self::GrantRevoked,
            Self::CodeDescribed,
            Self::LockoutDescribed,
            Self::Accepted,
            Self::Burned,
            Self::Locked,
            Self::LockoutCleared,
            Self::Paired,
            Self::PairingWithdrawn,
            Self::PairingDescribed,
            Self::Unresolved,
        ];
        let denied = DenialReason::ALL.map(Self::Denied);
        actions.into_iter().chain(denied).chain(IssueRefusal::ALL.map(Self::IssueRefused))
    }

    /// The action's name in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "code.issued",
            Self::LockOverridden => "lock.overridden",
            Self::IssueRefused(_) => "issue.refused",
            Self::Revoked => "code.revoked",
            Self::GrantRevoked => "grant.revoked",
            Self::CodeDescribed => "code.described",
            Self::LockoutDescribed => "lockout.described",
            Self::Accepted => "code.accepted",
            Self::Denied(_) => "code.denied",
            Self::Burned => "code.burned",
            Self::Locked => "user.locked",
            Self::LockoutCleared => "lockout.cleared",
            Self::Paired => "journey.paired",
            Self::PairingWithdrawn => "pairing.withdrawn",
            Self::PairingDescribed => "pairing.described",
            Self::Unresolved => "operation.unresolved",
        }
    }
}

/// Why a code was not issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueRefusal {
    /// The user is locked.
    Locked,
    /// The user is disabled until an administrator acts.
    Disabled,
    /// The hour's codes for this user are used up.
    IssueQuota,
    /// The day's overrides for this user are used up.
    OverrideQuota,
    /// No journey of the user waits under the pairing number.
    PairingNotFound,
    /// The code would live longer than the journey that it is for.
    OutlivesSession,
}

impl IssueRefusal {
    /// Every refusal there is.
    pub const ALL: [Self; 6] = [
        Self::Locked,
        Self::Disabled,
        Self::IssueQuota,
        Self::OverrideQuota,
        Self::PairingNotFound,
        Self::OutlivesSession,
    ];

    /// The refusal's name in the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::IssueQuota => "issue_quota",
            Self::OverrideQuota => "override_quota",
            Self::PairingNotFound => "pairing_not_found",
            Self::OutlivesSession => "outlives_session",
        }
    }
}

/// How the trail names the address of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// By a hash under the locator key: attempts from one address can be told together, and the
    /// address cannot be told.
    #[default]
    Keyed,
    /// As they are.
    Plain,
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
    /// The address of the person who made the attempt, where the caller knows it.
    pub source: Option<IpAddr>,
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
    /// The identity provider that knows the agent of the context; `None` if only the client says who
    /// they are.
    pub provider: Option<ProviderId>,
    /// To whom: a keyed hash.
    pub subject: Subject,
    /// In which attempt. Each action of an attempt happened once, however often it is written.
    pub attempt: AttemptId,
    /// Whether a retry saw the outcome of an earlier call.
    pub replayed: bool,
    /// Which code, where it is known.
    pub code_id: Option<CodeId>,
    /// The address of the attempt, as [`Addresses`] has it.
    pub source: Option<String>,
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
