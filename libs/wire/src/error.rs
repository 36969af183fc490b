//! The table of errors: what a service refuses is a [`Fault`], and the table (`error/table.rs`) says
//! what callers then read, over gRPC and over HTTP. A new fault does not build without a row. What
//! servers refuse themselves has rows of the same form in [`errors::refusal`].
//!
//! Texts say what to do next. None of them holds an identifier or a code, and none of them depends
//! on whether a user exists, save for callers whose scope lets them ask.

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

/// When to try again what failed for want of another service.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is refused, or could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No token, or one that is not valid here.
    Unauthenticated,
    /// The token lacks a scope.
    PermissionDenied {
        /// The scope that it takes.
        missing: &'static str,
    },
    /// The request names another agent than the token.
    OtherAgent,
    /// The agent acts for their own account.
    OwnAccount,
    /// The desk refuses it; told only to those who act for a desk.
    Desk(DeskFault),
    /// A page of somebody else's calls.
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
    /// Too many consecutive failures; told only to those who may issue codes.
    UserDisabled,
    /// The user has had their codes for this hour.
    IssueQuotaExceeded {
        /// When there are more.
        retry_after: Duration,
    },
    /// The user's lock was overridden often enough for this day.
    OverrideQuotaExceeded {
        /// When it can be overridden again.
        retry_after: Duration,
    },
    /// No journey of the user waits under the pairing number; told only to those who may issue codes.
    PairingNotFound,
    /// The application's policy requires a pairing number, and there is none.
    PairingRequired(FieldViolation),
    /// The application's policy has no pairing.
    PairingOff,
    /// Too many journeys of one user wait at one source. The same for unknown users.
    PairingsExhausted {
        /// When there is room for another one.
        retry_after: Duration,
    },
    /// The caller asks too often.
    RateLimited {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The idempotency key stands for another request.
    IdempotencyConflict,
    /// No such journey, or not the caller's to run.
    JourneyNotFound,
    /// No such journey session, or it has ended, or it is another client's.
    SessionNotFound,
    /// The challenge was answered before.
    ChallengeUsed,
    /// A step failed that has no branch for it.
    JourneyAborted,
    /// The journey's definition is no longer the one that the session began with.
    JourneyChanged,
    /// Something that this service needs does not answer; the same for all users.
    Unavailable {
        /// When to try again.
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
    /// No outcome is known, so none is told. What failed is for the log, which the caller writes.
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Store(_) | OperationError::Directory(_) | OperationError::Audit(_) => {
                Self::Unavailable { retry_after: RETRY_AFTER }
            }
        }
    }
}

impl From<ExpirationError> for Fault {
    /// A life outside the policy, with both limits.
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
