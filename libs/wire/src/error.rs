//! The one table of errors: whatever a service refuses, it refuses with a [`Fault`], and the table
//! (`error/table.rs`) says what callers then read, over gRPC and over HTTP. A new fault does not
//! build without a row.
//!
//! Texts say what to do next. None of them holds an identifier or a code, and none of them depends
//! on whether a user exists, save for callers whose scope lets them ask.

mod table;

use std::collections::HashMap;
use std::time::Duration;

use clock::Timestamp;
use codes::desk::OperationError;
use codes::policy::ExpirationError;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use self::table::{Detail, Row};
use crate::violations::{FieldViolation, Violations};

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "postern";

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
    /// A mistake of ours. The log knows more.
    Internal,
}

/// A refusal over HTTP: the body is `{"error_code": .., "message": ..}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpFault {
    /// The status code.
    pub status: u16,
    /// The machine's word for it.
    pub error_code: &'static str,
    /// The sentence for people.
    pub message: String,
    /// What `Retry-After` says, in whole seconds.
    pub retry_after_seconds: Option<u64>,
}

impl Fault {
    /// The refusal over HTTP.
    pub fn http(&self) -> HttpFault {
        let Row { status, error_code, message, detail, .. } = Row::of(self);
        let retry_after_seconds = match detail {
            // Rounded up: who comes back when told must not be too early.
            Detail::RetryAfter(wait) => {
                Some(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
            }
            Detail::Nothing | Detail::Metadata(..) | Detail::Fields(_) => None,
        };
        HttpFault { status, error_code, message, retry_after_seconds }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let Row { code, reason, message, detail, .. } = Row::of(&fault);
        let mut metadata = HashMap::new();
        let mut details = ErrorDetails::new();
        match detail {
            Detail::Nothing => {}
            Detail::Metadata(key, value) => {
                metadata.insert(key.to_owned(), value);
            }
            Detail::Fields(violations) => {
                for FieldViolation { field, description } in violations {
                    details.add_bad_request_violation(field, description);
                }
            }
            Detail::RetryAfter(wait) => {
                details.set_retry_info(Some(wait));
            }
        }
        details.set_error_info(reason, DOMAIN, metadata);
        Self::with_error_details(code, message, details)
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

impl From<Violations> for Fault {
    fn from(violations: Violations) -> Self {
        Self::InvalidArgument(violations.into_fields())
    }
}

#[cfg(test)]
mod tests;
