//! The table of errors. A service's refusal is a [`Fault`]; the table (`error/table.rs`) says what
//! callers see of it, over gRPC and over HTTP. A new fault does not compile without a row. The
//! refusals of the servers themselves are in [`errors::refusal`], in the same form.
//!
//! Messages say what to do next. None of them contains an identifier or a code. None depends on
//! whether a user exists, except for callers whose scope lets them ask.

mod desk;
mod table;

use std::time::Duration;

use clock::Timestamp;
use codes::operations::OperationError;
use codes::policy::{ExpirationError, PairingRefusal};
pub use errors::{DOMAIN, HttpFault};
use tonic::Status;

pub use self::desk::DeskFault;
use crate::violations::{FieldViolation, Violations};

/// When to retry after a dependency failed.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When to try again while notices are late: a receiver that is back has them soon.
pub(crate) const NOTICES_RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why a request was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no token, or it is not valid here.
    Unauthenticated,
    /// The token lacks a scope.
    PermissionDenied {
        /// The missing scope.
        missing: &'static str,
    },
    /// The request names another agent than the token.
    OtherAgent,
    /// The agent acts for their own account.
    OwnAccount,
    /// The desk refuses it; told only to those who act for a desk.
    Desk(DeskFault),
    /// The call comes from a page of another origin.
    ForeignOrigin,
    /// The request is malformed. Never depends on a user's state.
    InvalidArgument(Vec<FieldViolation>),
    /// The directory knows no such user; told only to those who may issue codes.
    UserNotFound,
    /// The user is locked; told only to those who may issue codes.
    UserLocked {
        /// When the lock ends.
        locked_until: Timestamp,
    },
    /// The user repudiated a code; told only to those who may issue codes.
    UserBlocked {
        /// When the block ends.
        blocked_until: Timestamp,
    },
    /// Too many consecutive failures; told only to those who may issue codes.
    UserDisabled,
    /// The identifier or the code is not right, or the code cannot be used. The same for every reason,
    /// unless the caller may read reasons.
    CredentialsRejected,
    /// The right code has expired; told only to those who may read reasons.
    PasscodeExpired,
    /// The user is locked or disabled; told to those who enter codes and may read reasons.
    LockedOut,
    /// The hour's quota of codes for the user is used up.
    IssueQuotaExceeded {
        /// When it is renewed.
        retry_after: Duration,
    },
    /// The day's quota of overrides for the user is used up.
    OverrideQuotaExceeded {
        /// When it is renewed.
        retry_after: Duration,
    },
    /// The user has no open pairing with that number; told only to those who may issue codes.
    PairingNotFound,
    /// The application's policy requires a pairing number, and the request has none.
    PairingRequired(FieldViolation),
    /// The application's policy has pairing switched off.
    PairingOff,
    /// Too many open pairings for one user and source. Unknown users get the same.
    PairingsExhausted {
        /// When there is room again.
        retry_after: Duration,
    },
    /// The caller exceeds its rate limit.
    RateLimited {
        /// When to retry.
        retry_after: Duration,
    },
    /// The idempotency key belongs to another request.
    IdempotencyConflict,
    /// The journey does not exist, or the caller may not run it.
    JourneyNotFound,
    /// The session does not exist, has ended, or belongs to another client.
    SessionNotFound,
    /// The challenge was answered before.
    ChallengeUsed,
    /// A step failed and has no branch for that.
    JourneyAborted,
    /// The journey's definition has changed since the session began.
    JourneyChanged,
    /// No notice was delivered for too long: users would not learn of their codes.
    NoticesDelayed,
    /// A dependency is unavailable; the same for all users.
    Unavailable {
        /// When to retry.
        retry_after: Duration,
    },
}

impl Fault {
    /// The refusal over HTTP.
    pub fn http(&self) -> HttpFault {
        table::row(self).into()
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        table::row(&fault).into()
    }
}

impl From<OperationError> for Fault {
    /// The outcome is unknown, so none is returned. The caller logs the cause.
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Store(_) | OperationError::Directory(_) | OperationError::Audit(_) => {
                Self::Unavailable { retry_after: RETRY_AFTER }
            }
        }
    }
}

impl From<ExpirationError> for Fault {
    /// The requested lifetime is outside the policy; the message names both limits.
    fn from(ExpirationError { min, max }: ExpirationError) -> Self {
        let rule = format!("must be from {} to {} seconds", min.as_secs(), max.as_secs());
        Self::InvalidArgument(vec![FieldViolation::new("expires_in", rule)])
    }
}

impl From<PairingRefusal> for Fault {
    fn from(refusal: PairingRefusal) -> Self {
        match refusal {
            PairingRefusal::Off => Self::PairingOff,
            PairingRefusal::Required => {
                let rule = "must be given: ask the caller to read the number on the recovery page";
                Self::PairingRequired(FieldViolation::new("pairing_number", rule))
            }
        }
    }
}

impl From<Violations> for Fault {
    fn from(violations: Violations) -> Self {
        Self::InvalidArgument(violations.into_fields())
    }
}

#[cfg(test)]
mod tests;
