//! What an application's desk refuses, with the next step.

use std::time::Duration;

/// Why the desk of an application refuses an issue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeskRefusal {
    /// The application has no desk.
    #[error("the application has no desk: leave request_id out")]
    Off,
    /// The application needs an agent's token.
    #[error("the application needs an agent's token: exchange the agent's ID token")]
    AgentRequired,
    /// Issuing is stopped.
    #[error("issuing is stopped: ask the security team")]
    Brake,
    /// The agent reached twice their hourly limit.
    #[error("the agent is frozen: ask someone who may approve to lift it")]
    FrozenAgent,
    /// A field is required.
    #[error("{field} is required: fill it in")]
    MissingField {
        /// The field.
        field: String,
    },
    /// The verification method is none of the application's.
    #[error("verification_method is none of the application's: use one that it lists")]
    VerificationMethod,
    /// The ticket does not look like one of the application's.
    #[error("ticket_ref is no ticket of the application: check its number")]
    TicketPattern,
    /// The ticket belongs to another user.
    #[error("the ticket was used for another user: open one for this user")]
    TicketTaken,
    /// The user had their codes of the day.
    #[error("the user had all codes of the day: try again later")]
    UserLimit {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The directory names no tier for the user.
    #[error("the directory names no tier for the user: ask the administrator")]
    UnknownTier,
    /// The agent's roles do not serve the user's tier.
    #[error("the agent may not serve users of this tier: hand the caller to one who may")]
    Tier,
    /// The agent issued their codes of the hour.
    #[error("the agent issued all codes of the hour: try again later")]
    AgentLimit {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The agent's group issued its codes of the hour.
    #[error("the group issued all codes of the hour: try again later")]
    GroupLimit {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// Too many requests wait for approval.
    #[error("too many requests wait for approval: try again later")]
    TooManyRequests {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// No request for approval has this ID.
    #[error("no request for approval has this request_id: ask without one")]
    ApprovalNotFound,
    /// The request for approval expired.
    #[error("the request for approval expired: ask again without request_id")]
    ApprovalExpired,
    /// Another agent denied the request.
    #[error("the request for approval was denied: talk to the agent who denied it")]
    ApprovalDenied,
    /// The code was collected under another key.
    #[error("the approval was used: ask again without request_id")]
    ApprovalUsed,
    /// The request is not the one that was approved.
    #[error("the request differs from the approved one: send the same fields")]
    ApprovalChanged,
}

impl DeskRefusal {
    /// Reads a reason without its `DESK_`.
    pub(super) fn read(
        rule: &str,
        field: Option<&String>,
        retry_after: Option<Duration>,
    ) -> Option<Self> {
        Some(match rule {
            "OFF" => Self::Off,
            "AGENT_REQUIRED" => Self::AgentRequired,
            "BRAKE" => Self::Brake,
            "FROZEN_AGENT" => Self::FrozenAgent,
            "MISSING_FIELD" => Self::MissingField { field: field.cloned().unwrap_or_default() },
            "VERIFICATION_METHOD" => Self::VerificationMethod,
            "TICKET_PATTERN" => Self::TicketPattern,
            "TICKET_TAKEN" => Self::TicketTaken,
            "USER_LIMIT" => Self::UserLimit { retry_after },
            "UNKNOWN_TIER" => Self::UnknownTier,
            "TIER" => Self::Tier,
            "AGENT_LIMIT" => Self::AgentLimit { retry_after },
            "GROUP_LIMIT" => Self::GroupLimit { retry_after },
            "TOO_MANY_REQUESTS" => Self::TooManyRequests { retry_after },
            "APPROVAL_NOT_FOUND" => Self::ApprovalNotFound,
            "APPROVAL_EXPIRED" => Self::ApprovalExpired,
            "APPROVAL_DENIED" => Self::ApprovalDenied,
            "APPROVAL_USED" => Self::ApprovalUsed,
            "APPROVAL_CHANGED" => Self::ApprovalChanged,
            _ => return None,
        })
    }

    /// When to try again, where the service says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::UserLimit { retry_after }
            | Self::AgentLimit { retry_after }
            | Self::GroupLimit { retry_after }
            | Self::TooManyRequests { retry_after } => *retry_after,
            _ => None,
        }
    }
}
