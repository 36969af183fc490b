//! The audit trail: who did what to whose code, and with which outcome. An event is written before
//! the reply is sent. If that fails, the caller gets an error and no outcome.
//!
//! # Why an event can occur twice
//! A process can die between the store's effect and the event, and a reply can be lost. So a retry
//! that gets an earlier outcome writes its events again, marked as replayed. Readers of the trail
//! count each action of an attempt once. An operation whose outcome is unknown is written as such.

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
    /// A request for a code was refused.
    IssueRefused(IssueRefusal),
    /// A code was revoked by support.
    Revoked,
    /// The grant of a redeemed code was revoked by support.
    GrantRevoked,
    /// The user repudiated a code.
    Repudiated,
    /// The block of a user who repudiated a code was lifted.
    RepudiationLifted,
    /// A user's code was described.
    CodeDescribed,
    /// A user's failures and lock were described.
    LockoutDescribed,
    /// A code was redeemed.
    Accepted,
    /// A guess was refused.
    Denied(DenialReason),
    /// A code was burned by wrong guesses.
    Burned,
    /// A user was locked.
    Locked,
    /// A user's failures and lock were cleared.
    LockoutCleared,
    /// A journey got a pairing number.
    Paired,
    /// The pairing of a journey was ended.
    PairingWithdrawn,
    /// The journey under a pairing number was described.
    PairingDescribed,
    /// The outcome of an operation is unknown: it may have taken effect.
    Unresolved,
}

impl Action {
    /// All actions.
    pub fn all() -> impl Iterator<Item = Self> {
        let actions = [
            Self::Issued,
            Self::LockOverridden,
            Self::Revoked,
            Self::GrantRevoked,
            Self::Repudiated,
            Self::RepudiationLifted,
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
            Self::Repudiated => "code.repudiated",
            Self::RepudiationLifted => "repudiation.lifted",
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
    /// The user repudiated a code within the last day.
    Blocked,
    /// The user is disabled until an administrator acts.
    Disabled,
    /// The hour's quota of codes for this user is used up.
    IssueQuota,
    /// The day's quota of overrides for this user is used up.
    OverrideQuota,
    /// No journey of the user waits under the pairing number.
    PairingNotFound,
    /// The code would expire after the end of its journey.
    OutlivesSession,
}

impl IssueRefusal {
    /// All refusals.
    pub const ALL: [Self; 7] = [
        Self::Locked,
        Self::Blocked,
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
            Self::Blocked => "blocked",
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
    /// As a hash under the locator key: equal addresses have equal hashes, and the hash does not
    /// reveal the address.
    #[default]
    Keyed,
    /// In plain.
    Plain,
}

/// What the caller says about an operation. Free text of trusted callers; never the code or the
/// user's identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The support agent.
    pub agent_id: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket_ref: Option<String>,
    /// How the agent checked who is calling.
    pub verification_method: Option<String>,
    /// Correlates the event with the caller's own logs.
    pub correlation_id: Option<String>,
    /// The journey.
    pub journey_id: Option<String>,
    /// The address of the person who made the attempt, if the caller knows it.
    pub source: Option<IpAddr>,
}

/// One event of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time, by the clock of the service.
    pub at: Timestamp,
    /// The action.
    pub action: Action,
    /// The application.
    pub application: ApplicationId,
    /// The client.
    pub client: ClientId,
    /// The identity provider that authenticated the context's agent; `None` if the agent is only
    /// what the client claims.
    pub provider: Option<ProviderId>,
    /// The user, as a keyed hash.
    pub subject: Subject,
    /// The attempt. Each action of an attempt happened once, even if it is written several times.
    pub attempt: AttemptId,
    /// Whether this call is a retry that got the outcome of an earlier call.
    pub replayed: bool,
    /// The code, if it is known.
    pub code_id: Option<CodeId>,
    /// The address of the attempt, in the form of [`Addresses`].
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
    /// Writes one event, durably enough for the reply to be sent.
    async fn record(&self, event: Event) -> Result<(), AuditError>;
}
