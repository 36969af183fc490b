//! The table: one row for each fault, exhaustive.

use std::time::Duration;

use tonic::Code;

use super::Fault;
use crate::violations::FieldViolation;

/// What callers read of a fault.
pub(super) struct Row<'a> {
    pub(super) code: Code,
    /// `ErrorInfo.reason`.
    pub(super) reason: &'static str,
    /// HTTP's status code.
    pub(super) status: u16,
    /// HTTP's `error_code`.
    pub(super) error_code: &'static str,
    pub(super) detail: Detail<'a>,
    /// The sentence, over both protocols.
    pub(super) message: String,
}

/// What a row says beside its words.
pub(super) enum Detail<'a> {
    Nothing,
    /// Key and value of `ErrorInfo.metadata`.
    Metadata(&'static str, String),
    /// The violations of `BadRequest`.
    Fields(&'a [FieldViolation]),
    /// The delay of `RetryInfo`, and HTTP's `Retry-After`.
    RetryAfter(Duration),
}

impl<'a> Row<'a> {
    /// The row of a fault.
    #[rustfmt::skip] // so that a table looks like one
    pub(super) fn of(fault: &'a Fault) -> Self {
        use Detail::{Fields, Metadata, Nothing, RetryAfter};
        match fault {
            Fault::Unauthenticated => row(Code::Unauthenticated, "UNAUTHENTICATED", 401, "unauthorized", Nothing,
                "a valid client access token is needed: get one from the token endpoint"),
            Fault::PermissionDenied { missing } => row(Code::PermissionDenied, "PERMISSION_DENIED", 403, "forbidden",
                Metadata("scope", (*missing).to_owned()), &format!("the token lacks the scope {missing}")),
            Fault::ForeignOrigin => row(Code::PermissionDenied, "FOREIGN_ORIGIN", 403, "foreign_origin", Nothing,
                "pages of this origin may not run this client's journeys: add it to the client's redirect_uris"),
            Fault::InvalidArgument(violations) => row(Code::InvalidArgument, "INVALID_ARGUMENT", 400, "system_invalid_input",
                Fields(violations), &sentence(violations)),

            Fault::UserNotFound => row(Code::NotFound, "USER_NOT_FOUND", 404, "user_not_found", Nothing,
                "the directory knows no such user: check the identifier and its type"),
            Fault::UserLocked { locked_until } => row(Code::FailedPrecondition, "USER_LOCKED", 409, "auth_locked",
                Metadata("locked_until", locked_until.to_string()),
                &format!("the user is locked until {locked_until}: wait, or clear the lockout")),
            Fault::UserDisabled => row(Code::FailedPrecondition, "USER_DISABLED", 409, "auth_disabled", Nothing,
                "the user is disabled after too many failures: clear the lockout"),
            Fault::IssueQuotaExceeded { retry_after } => row(Code::ResourceExhausted, "ISSUE_QUOTA_EXCEEDED", 429, "issue_quota_exceeded",
                RetryAfter(*retry_after), "the user has had all codes of this hour: try again later"),
            Fault::OverrideQuotaExceeded { retry_after } => row(Code::ResourceExhausted, "OVERRIDE_QUOTA_EXCEEDED", 429, "override_quota_exceeded",
                RetryAfter(*retry_after), "the user's lock was overridden too often today: wait for its end"),

            Fault::RateLimited { retry_after } => row(Code::ResourceExhausted, "RATE_LIMITED", 429, "too_many_requests",
                RetryAfter(*retry_after), "too many requests: try again later"),
            Fault::IdempotencyConflict => row(Code::Aborted, "IDEMPOTENCY_CONFLICT", 409, "idempotency_conflict", Nothing,
                "the idempotency key cannot be used for this request: choose a new one"),

            Fault::JourneyNotFound => row(Code::NotFound, "JOURNEY_NOT_FOUND", 404, "journey_not_found", Nothing,
                "there is no such journey for this client"),
            Fault::SessionNotFound => row(Code::NotFound, "SESSION_NOT_FOUND", 404, "session_not_found", Nothing,
                "the journey session does not exist or has ended: start the journey again"),
            Fault::ChallengeUsed => row(Code::Aborted, "CHALLENGE_USED", 409, "challenge_used", Nothing,
                "the challenge was answered before: use the one of the latest answer"),
            Fault::JourneyAborted => row(Code::Aborted, "JOURNEY_ABORTED", 409, "journey_aborted", Nothing,
                "the journey could not go on: start it again"),
            Fault::JourneyChanged => row(Code::Aborted, "JOURNEY_CHANGED", 409, "journey_changed", Nothing,
                "the journey was changed meanwhile: start it again"),

            Fault::Unavailable { retry_after } => row(Code::Unavailable, "UNAVAILABLE", 503, "unavailable",
                RetryAfter(*retry_after), "temporarily unavailable: try again with the same idempotency key"),
            Fault::Internal => row(Code::Internal, "INTERNAL", 500, "internal", Nothing,
                "an internal error occurred"),
        }
    }
}

fn row<'a>(
    code: Code,
    reason: &'static str,
    status: u16,
    error_code: &'static str,
    detail: Detail<'a>,
    message: &str,
) -> Row<'a> {
    Row { code, reason, status, error_code, detail, message: message.to_owned() }
}

fn sentence(violations: &[FieldViolation]) -> String {
    let texts: Vec<_> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
