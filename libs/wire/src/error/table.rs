//! The table: one row for each fault, exhaustive.

use errors::{Detail, FieldViolation, Row};
use http::StatusCode;
use tonic::Code;

use super::{Fault, NOTICES_RETRY_AFTER};

/// The row of a fault.
#[rustfmt::skip] // so that a table looks like one
pub(super) fn row(fault: &Fault) -> Row<'_> {
        use Detail::{Fields, Metadata, Nothing, RetryAfter};
        match fault {
            Fault::Unauthenticated => Row::new(Code::Unauthenticated, "UNAUTHENTICATED", StatusCode::UNAUTHORIZED, "unauthorized", Nothing,
                "a valid client access token is needed: get one from the token endpoint"),
            Fault::PermissionDenied { missing } => Row::new(Code::PermissionDenied, "PERMISSION_DENIED", StatusCode::FORBIDDEN, "forbidden",
                Metadata("scope", (*missing).to_owned()), &format!("the token lacks the scope {missing}")),
            Fault::OtherAgent => Row::new(Code::PermissionDenied, "OTHER_AGENT", StatusCode::FORBIDDEN, "other_agent", Nothing,
                "agent_id is not the agent of the token: leave it empty"),
            Fault::OwnAccount => Row::new(Code::PermissionDenied, "OWN_ACCOUNT", StatusCode::FORBIDDEN, "own_account", Nothing,
                "agents may not do this for their own account: ask another agent"),
            Fault::Desk(fault) => fault.row(),
            Fault::ForeignOrigin => Row::new(Code::PermissionDenied, "FOREIGN_ORIGIN", StatusCode::FORBIDDEN, "foreign_origin", Nothing,
                "pages of this origin may not run this client's journeys: add it to the client's redirect_uris"),
            Fault::InvalidArgument(violations) => Row::new(Code::InvalidArgument, "INVALID_ARGUMENT", StatusCode::BAD_REQUEST, "system_invalid_input",
                Fields(violations), &sentence(violations)),

            Fault::UserNotFound => Row::new(Code::NotFound, "USER_NOT_FOUND", StatusCode::NOT_FOUND, "user_not_found", Nothing,
                "the directory knows no such user: check the identifier and its type"),
            Fault::UserLocked { locked_until } => Row::new(Code::FailedPrecondition, "USER_LOCKED", StatusCode::CONFLICT, "auth_locked",
                Metadata("locked_until", locked_until.to_string()),
                &format!("the user is locked until {locked_until}: wait, or clear the lockout")),
            Fault::UserBlocked { blocked_until } => Row::new(Code::FailedPrecondition, "USER_BLOCKED", StatusCode::CONFLICT, "auth_blocked",
                Metadata("blocked_until", blocked_until.to_string()),
                &format!("the user said that a code was not for them and is blocked until {blocked_until}: check who is calling, and have an agent who may approve lift the block")),
            Fault::UserDisabled => Row::new(Code::FailedPrecondition, "USER_DISABLED", StatusCode::CONFLICT, "auth_disabled", Nothing,
                "the user is disabled after too many failures: clear the lockout"),
            Fault::CredentialsRejected => Row::new(Code::FailedPrecondition, "CREDENTIALS_REJECTED", StatusCode::BAD_REQUEST, "auth_invalid_credentials", Nothing,
                "the identifier or the passcode is not right, or the passcode cannot be used"),
            Fault::PasscodeExpired => Row::new(Code::FailedPrecondition, "PASSCODE_EXPIRED", StatusCode::BAD_REQUEST, "auth_otp_passcode_expired", Nothing,
                "the passcode has expired: have a new one issued"),
            Fault::LockedOut => Row::new(Code::FailedPrecondition, "LOCKED_OUT", StatusCode::FORBIDDEN, "auth_locked", Nothing,
                "the user is locked after too many wrong passcodes: wait, or have the lockout cleared"),
            Fault::IssueQuotaExceeded { retry_after } => Row::new(Code::ResourceExhausted, "ISSUE_QUOTA_EXCEEDED", StatusCode::TOO_MANY_REQUESTS, "issue_quota_exceeded",
                RetryAfter(*retry_after), "the user has had all codes of this hour: try again later"),
            Fault::OverrideQuotaExceeded { retry_after } => Row::new(Code::ResourceExhausted, "OVERRIDE_QUOTA_EXCEEDED", StatusCode::TOO_MANY_REQUESTS, "override_quota_exceeded",
                RetryAfter(*retry_after), "the user's lock was overridden too often today: wait for its end"),

            Fault::PairingNotFound => Row::new(Code::FailedPrecondition, "PAIRING_NOT_FOUND", StatusCode::CONFLICT, "pairing_not_found", Nothing,
                "no journey of the user waits under this number: check the identifier and its type, then ask the caller to read the number again"),
            Fault::PairingRequired(violation) => {
                let violations = std::slice::from_ref(violation);
                Row::new(Code::InvalidArgument, "PAIRING_REQUIRED", StatusCode::BAD_REQUEST, "pairing_required",
                    Fields(violations), &sentence(violations))
            }
            Fault::PairingOff => Row::new(Code::FailedPrecondition, "PAIRING_OFF", StatusCode::CONFLICT, "pairing_off", Nothing,
                "the application's policy has no pairing: set temp_code.pairing to optional or required, or leave the number out"),
            Fault::PairingsExhausted { retry_after } => Row::new(Code::ResourceExhausted, "PAIRINGS_EXHAUSTED", StatusCode::TOO_MANY_REQUESTS, "pairings_exhausted",
                RetryAfter(*retry_after), "too many journeys of the user wait at this address: try again later"),

            Fault::RateLimited { retry_after } => Row::new(Code::ResourceExhausted, "RATE_LIMITED", StatusCode::TOO_MANY_REQUESTS, "too_many_requests",
                RetryAfter(*retry_after), "too many requests: try again later"),
            Fault::IdempotencyConflict => Row::new(Code::Aborted, "IDEMPOTENCY_CONFLICT", StatusCode::CONFLICT, "idempotency_conflict", Nothing,
                "the idempotency key cannot be used for this request: choose a new one"),

            Fault::JourneyNotFound => Row::new(Code::NotFound, "JOURNEY_NOT_FOUND", StatusCode::NOT_FOUND, "journey_not_found", Nothing,
                "there is no such journey for this client"),
            Fault::SessionNotFound => Row::new(Code::NotFound, "SESSION_NOT_FOUND", StatusCode::NOT_FOUND, "session_not_found", Nothing,
                "the journey session does not exist or has ended: start the journey again"),
            Fault::ChallengeUsed => Row::new(Code::Aborted, "CHALLENGE_USED", StatusCode::CONFLICT, "challenge_used", Nothing,
                "the challenge was answered before: use the one of the latest answer"),
            Fault::JourneyAborted => Row::new(Code::Aborted, "JOURNEY_ABORTED", StatusCode::CONFLICT, "journey_aborted", Nothing,
                "the journey could not go on: start it again"),
            Fault::JourneyChanged => Row::new(Code::Aborted, "JOURNEY_CHANGED", StatusCode::CONFLICT, "journey_changed", Nothing,
                "the journey was changed meanwhile: start it again"),

            Fault::NoticesDelayed => Row::new(Code::Unavailable, "NOTICES_DELAYED", StatusCode::SERVICE_UNAVAILABLE, "notices_delayed",
                RetryAfter(NOTICES_RETRY_AFTER), "no code is issued while users cannot be told of it: have the receiver of notices repaired"),
            Fault::Unavailable { retry_after } => Row::new(Code::Unavailable, "UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE, "unavailable",
                RetryAfter(*retry_after), "temporarily unavailable: try again with the same idempotency key"),
        }
}

fn sentence(violations: &[FieldViolation]) -> String {
    let texts: Vec<_> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
