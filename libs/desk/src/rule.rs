//! The rules of a desk. Each has one stable name, and a sentence that says what to do next.

use std::fmt;

use clock::Timestamp;

use crate::names::Scope;
use crate::policy::Requirement;

/// Why the desk issues nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Agents must prove who they are.
    AgentRequired,
    /// Issuing is stopped.
    Brake {
        /// For whom.
        scope: Scope,
        /// Until when.
        until: Timestamp,
    },
    /// The agent reached twice the agents' limit.
    FrozenAgent,
    /// The issue does not say something that it must say.
    MissingField(Requirement),
    /// The verification method is not one of the policy's.
    VerificationMethod,
    /// The ticket does not match the policy's pattern.
    TicketPattern,
    /// The ticket was admitted for another user.
    TicketTaken,
    /// The user's limit is reached until then.
    UserLimit(Timestamp),
    /// The directory names no tier for the user.
    UnknownTier,
    /// The agent may not serve users of this tier.
    Tier,
    /// The agent's limit is reached until then.
    AgentLimit(Timestamp),
    /// The limit of the agent's group is reached until then.
    GroupLimit(Timestamp),
    /// Too many requests wait for approval; one ends then.
    TooManyRequests(Timestamp),
    /// No request for approval has this id.
    ApprovalNotFound,
    /// The request for approval expired.
    ApprovalExpired,
    /// The request for approval was denied.
    ApprovalDenied,
    /// The approval was used under another idempotency key.
    ApprovalUsed,
    /// The issue differs from the one that was approved.
    ApprovalChanged,
}

impl Rule {
    /// The names of all rules, for metrics.
    pub const NAMES: [&str; 18] = [
        "agent_required",
        "brake",
        "frozen_agent",
        "missing_field",
        "verification_method",
        "ticket_pattern",
        "ticket_taken",
        "user_limit",
        "unknown_tier",
        "tier",
        "agent_limit",
        "group_limit",
        "too_many_requests",
        "approval_not_found",
        "approval_expired",
        "approval_denied",
        "approval_used",
        "approval_changed",
    ];

    /// The rule's name in metrics, the audit trail and errors.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::AgentRequired => "agent_required",
            Self::Brake { .. } => "brake",
            Self::FrozenAgent => "frozen_agent",
            Self::MissingField(_) => "missing_field",
            Self::VerificationMethod => "verification_method",
            Self::TicketPattern => "ticket_pattern",
            Self::TicketTaken => "ticket_taken",
            Self::UserLimit(_) => "user_limit",
            Self::UnknownTier => "unknown_tier",
            Self::Tier => "tier",
            Self::AgentLimit(_) => "agent_limit",
            Self::GroupLimit(_) => "group_limit",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::ApprovalNotFound => "approval_not_found",
            Self::ApprovalExpired => "approval_expired",
            Self::ApprovalDenied => "approval_denied",
            Self::ApprovalUsed => "approval_used",
            Self::ApprovalChanged => "approval_changed",
        }
    }

    /// When a retry can succeed without anybody acting; `None` if no time helps.
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Brake { until, .. }
            | Self::UserLimit(until)
            | Self::AgentLimit(until)
            | Self::GroupLimit(until)
            | Self::TooManyRequests(until) => Some(*until),
            Self::AgentRequired
            | Self::FrozenAgent
            | Self::MissingField(_)
            | Self::VerificationMethod
            | Self::TicketPattern
            | Self::TicketTaken
            | Self::UnknownTier
            | Self::Tier
            | Self::ApprovalNotFound
            | Self::ApprovalExpired
            | Self::ApprovalDenied
            | Self::ApprovalUsed
            | Self::ApprovalChanged => None,
        }
    }
}

impl fmt::Display for Rule {
    /// Says what is wrong and what to do next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentRequired => f.write_str(
                "this application needs an agent's token; exchange the agent's ID token for one",
            ),
            Self::Brake { scope, until } => {
                let whom = scope.as_str();
                write!(f, "issuing is stopped for this {whom} until {until}; ask the security team")
            }
            Self::FrozenAgent => f.write_str(
                "the agent issued too many codes and is frozen; ask someone who may approve to lift it",
            ),
            Self::MissingField(field) => {
                write!(f, "{} is required; fill it in", field.as_str())
            }
            Self::VerificationMethod => f.write_str(
                "verification_method is not one of this application's; use one that it lists",
            ),
            Self::TicketPattern => f.write_str(
                "ticket_ref does not look like a ticket of this application; check its number",
            ),
            Self::TicketTaken => {
                f.write_str("the ticket was used for another user; open one for this user")
            }
            Self::UserLimit(until) => {
                write!(f, "the user's codes for the day are used up; try again after {until}")
            }
            Self::UnknownTier => {
                f.write_str("the directory names no tier for the user; ask the administrator")
            }
            Self::Tier => f.write_str(
                "the agent may not serve users of this tier; hand the caller to one who may",
            ),
            Self::AgentLimit(until) => {
                write!(f, "the agent's codes for the hour are used up; try again after {until}")
            }
            Self::GroupLimit(until) => {
                write!(f, "the group's codes for the hour are used up; try again after {until}")
            }
            Self::TooManyRequests(until) => {
                write!(f, "too many requests wait for approval; try again after {until}")
            }
            Self::ApprovalNotFound => {
                f.write_str("no request for approval has this request_id; ask without one")
            }
            Self::ApprovalExpired => {
                f.write_str("the request for approval expired; ask again without request_id")
            }
            Self::ApprovalDenied => {
                f.write_str("the request for approval was denied; talk to the person who denied it")
            }
            Self::ApprovalUsed => {
                f.write_str("the approval was used already; ask again without request_id")
            }
            Self::ApprovalChanged => f.write_str(
                "the request differs from the one that was approved; send the same fields",
            ),
        }
    }
}

/// Why a second agent must approve an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The user's tier.
    Tier,
    /// The code is tied to no journey.
    Unpaired,
    /// The user's limit is reached.
    UserLimit,
    /// The agent's limit is reached.
    AgentLimit,
    /// The limit of the agent's group is reached.
    GroupLimit,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 5] =
        [Self::Tier, Self::Unpaired, Self::UserLimit, Self::AgentLimit, Self::GroupLimit];

    /// The cause's name in metrics, the audit trail and replies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::Unpaired => "unpaired",
            Self::UserLimit => "user_limit",
            Self::AgentLimit => "agent_limit",
            Self::GroupLimit => "group_limit",
        }
    }

    /// The cause of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}
