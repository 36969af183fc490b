//! Why a call failed: the rich errors of `proto/README.md`, as an enum to match on.

mod desk;
mod read;
mod token;

use std::time::{Duration, SystemTime};

use tonic::Code;
use tonic_types::FieldViolation;

pub use self::desk::DeskRefusal;
pub use token::TokenError;

/// Why a call failed. Postern may learn new reasons, so a match needs a wildcard arm.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Fields of the request are wrong. All of them are named.
    #[error("the request is malformed: {}", listed(.0))]
    InvalidArgument(Vec<FieldViolation>),
    /// No access token could be had.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The service refuses the access token: an agent's ended, or one that was just issued is of a token
    /// endpoint that the service does not trust.
    #[error(
        "the service refuses the access token: exchange the agent's ID token, or check the token endpoint"
    )]
    Unauthenticated,
    /// The client lacks a scope.
    #[error("the client lacks the scope {scope:?}: add it to the client's configuration")]
    PermissionDenied {
        /// The scope.
        scope: String,
    },
    /// `agent_id` is not the agent of the token.
    #[error("agent_id is not the agent of the token: leave it out")]
    OtherAgent,
    /// An agent acts for their own account.
    #[error("agents cannot act for their own account: ask another agent")]
    OwnAccount,
    /// The application's desk refuses the issue.
    #[error(transparent)]
    Desk(#[from] DeskRefusal),
    /// The agent signed in too long ago to approve or lift.
    #[error("the agent must sign in again: exchange the new ID token")]
    SignInAgain,
    /// Nothing shows that the account is not the agent's own.
    #[error("the provider names no account of agents by this type of identifier: use another")]
    UncheckedIdentifier,
    /// No request for approval has this ID.
    #[error("no request for approval has this request_id: list the requests")]
    RequestNotFound,
    /// The request for approval expired.
    #[error("the request for approval expired: have the agent ask again")]
    RequestExpired,
    /// Another agent decided, or this one decided otherwise.
    #[error("the request for approval was decided before: list the requests")]
    RequestDecided,
    /// An agent lifts what stops themselves.
    #[error("agents cannot lift what stops themselves: ask another agent")]
    OwnStop,
    /// The application has as many brakes as it may.
    #[error("the application has as many brakes as it may: release one, or stop the application")]
    TooManyBrakes,
    /// The agent has roles of several groups.
    #[error("the agent has roles of several groups: give them roles of one")]
    SeveralGroups,
    /// An agent decides their own request.
    #[error("agents cannot decide their own request: ask another agent")]
    OwnRequest,
    /// The directory does not know the user.
    #[error("the directory does not know the user: check the identifier and its type")]
    UserNotFound,
    /// No journey of the user waits under the pairing number.
    #[error("no journey of the user waits under this number: ask the caller to read it again")]
    PairingNotFound,
    /// The application issues codes only for a journey that waits: the request needs its number.
    #[error("the policy requires pairing_number: ask the caller for the number on their page")]
    PairingRequired,
    /// The application pairs no codes.
    #[error("the policy has pairing off: leave pairing_number out")]
    PairingOff,
    /// Too many journeys of the user wait for support at one address.
    #[error("five journeys of the user wait at one address: try again later")]
    PairingsExhausted {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The code issuer knows no pairing and issued a code that works anywhere. The code is discarded.
    #[error("the code issuer ignored pairing_number: upgrade it, and revoke the code")]
    NotPaired,
    /// Too many wrong codes.
    #[error("the user is locked: wait until the lock ends, or clear the lockout")]
    UserLocked {
        /// When the lock ends.
        locked_until: Option<SystemTime>,
    },
    /// The user said that a code was not for them.
    #[error("the user is blocked: check who is calling, and have an approver lift the block")]
    UserBlocked {
        /// When the block ends.
        blocked_until: Option<SystemTime>,
    },
    /// Too many consecutive wrong codes.
    #[error("the user is disabled: check who the user is, and clear the lockout")]
    UserDisabled,
    /// The user had all codes of this hour.
    #[error("the user had all codes of this hour: try again later")]
    IssueQuotaExceeded {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The user's lock was overridden too often today.
    #[error("the lock was overridden too often today: wait until it ends")]
    OverrideQuotaExceeded {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The client calls too often.
    #[error("the client is over its rate: call less often")]
    RateLimited {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The service has too many requests.
    #[error("the service is overloaded: try again later")]
    Overloaded {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request: choose a new one")]
    IdempotencyConflict,
    /// No such journey, or not the client's to run.
    #[error("this client has no such journey: check its ID and the client's configuration")]
    JourneyNotFound,
    /// The session does not exist, has ended, or is another client's.
    #[error("the journey session has ended: start the journey again")]
    SessionNotFound,
    /// The challenge was answered before.
    #[error("the challenge was answered before: use the challenge of the latest answer")]
    ChallengeUsed,
    /// A step failed and has no branch for it.
    #[error("the journey cannot continue: start it again; the service's log has the reason")]
    JourneyAborted,
    /// The journey's definition changed while its session waited.
    #[error("the journey's definition has changed: start the journey again")]
    JourneyChanged,
    /// The message is over the limit.
    #[error("the message is too long: send less")]
    MessageTooLarge,
    /// No attempt succeeded. The last one may have been carried out: try again with the same
    /// idempotency key.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// What the last attempt met.
        reason: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The deadline passed. The request may have been carried out: try again with the same
    /// idempotency key.
    #[error("the deadline passed: the request may have been carried out")]
    DeadlineExceeded,
    /// A bug of the service.
    #[error("internal error of the service: its log has the reason")]
    Internal,
    /// An answer that this version of the protos does not allow.
    #[error("the answer holds no {0}: service and client have different versions")]
    Incomplete(&'static str),
    /// Another error.
    #[error("{code:?} {reason}: {message}")]
    Other {
        /// The gRPC code.
        code: Code,
        /// The reason in `ErrorInfo`; empty without one.
        reason: String,
        /// The text for people.
        message: String,
    },
}

impl CallError {
    /// Whether a later attempt with the same idempotency key can succeed. Within its deadline the
    /// client has made it already.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Token(TokenError::Unavailable { .. }))
    }

    /// When to try again, where the service says so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::IssueQuotaExceeded { retry_after }
            | Self::OverrideQuotaExceeded { retry_after }
            | Self::PairingsExhausted { retry_after }
            | Self::RateLimited { retry_after }
            | Self::Overloaded { retry_after }
            | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Token(error) => error.retry_after(),
            Self::Desk(refusal) => refusal.retry_after(),
            _ => None,
        }
    }
}

fn listed(violations: &[FieldViolation]) -> String {
    let texts: Vec<_> =
        violations.iter().map(|it| format!("{}: {}", it.field, it.description)).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests;
