//! Reads a status as an error.

use std::error::Error as _;
use std::iter::successors;
use std::time::SystemTime;

use prost_types::Timestamp;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{CallError, DeskRefusal};

/// The `domain` of Postern's `google.rpc.ErrorInfo`.
pub(super) const DOMAIN: &str = "postern";

impl CallError {
    /// Reads a status: its reason first, and its code where it has none.
    pub(crate) fn read(status: &Status) -> Self {
        if let Some(error) = transport(status) {
            return error;
        }
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == DOMAIN);
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        let metadata = |key| info.and_then(|info| info.metadata.get(key));
        let reason = info.map_or("", |info| info.reason.as_str());
        if let Some(refusal) = reason
            .strip_prefix("DESK_")
            .and_then(|rule| DeskRefusal::read(rule, metadata("field"), retry_after))
        {
            return Self::Desk(refusal);
        }
        match (reason, status.code()) {
            ("OTHER_AGENT", _) => Self::OtherAgent,
            ("OWN_ACCOUNT", _) => Self::OwnAccount,
            ("SIGN_IN_AGAIN", _) => Self::SignInAgain,
            ("UNCHECKED_IDENTIFIER", _) => Self::UncheckedIdentifier,
            ("REQUEST_NOT_FOUND", _) => Self::RequestNotFound,
            ("REQUEST_EXPIRED", _) => Self::RequestExpired,
            ("REQUEST_DECIDED", _) => Self::RequestDecided,
            ("OWN_STOP", _) => Self::OwnStop,
            ("TOO_MANY_BRAKES", _) => Self::TooManyBrakes,
            ("SEVERAL_GROUPS", _) => Self::SeveralGroups,
            ("OWN_REQUEST", _) => Self::OwnRequest,
            ("USER_NOT_FOUND", _) => Self::UserNotFound,
            ("PAIRING_NOT_FOUND", _) => Self::PairingNotFound,
            ("PAIRING_REQUIRED", _) => Self::PairingRequired,
            ("PAIRING_OFF", _) => Self::PairingOff,
            ("PAIRINGS_EXHAUSTED", _) => Self::PairingsExhausted { retry_after },
            ("USER_LOCKED", _) => Self::UserLocked {
                locked_until: metadata("locked_until").and_then(|at| instant(at)),
            },
            ("USER_BLOCKED", _) => Self::UserBlocked {
                blocked_until: metadata("blocked_until").and_then(|at| instant(at)),
            },
            ("USER_DISABLED", _) => Self::UserDisabled,
            ("ISSUE_QUOTA_EXCEEDED", _) => Self::IssueQuotaExceeded { retry_after },
            ("OVERRIDE_QUOTA_EXCEEDED", _) => Self::OverrideQuotaExceeded { retry_after },
            ("RATE_LIMITED", _) => Self::RateLimited { retry_after },
            ("OVERLOADED", _) => Self::Overloaded { retry_after },
            ("MESSAGE_TOO_LARGE", _) => Self::MessageTooLarge,
            ("IDEMPOTENCY_CONFLICT", _) => Self::IdempotencyConflict,
            ("JOURNEY_NOT_FOUND", _) => Self::JourneyNotFound,
            ("SESSION_NOT_FOUND", _) => Self::SessionNotFound,
            ("CHALLENGE_USED", _) => Self::ChallengeUsed,
            ("JOURNEY_ABORTED", _) => Self::JourneyAborted,
            ("JOURNEY_CHANGED", _) => Self::JourneyChanged,
            ("PERMISSION_DENIED", _) => {
                Self::PermissionDenied { scope: metadata("scope").cloned().unwrap_or_default() }
            }
            ("INVALID_ARGUMENT", _) => Self::InvalidArgument(
                details.bad_request().map(|it| it.field_violations.clone()).unwrap_or_default(),
            ),
            // A proxy or a mesh answers with these codes, too, and gives no reason.
            (_, Code::Unauthenticated) => Self::Unauthenticated,
            (_, Code::Unavailable) => {
                Self::Unavailable { reason: status.message().to_owned(), retry_after }
            }
            (_, Code::DeadlineExceeded) => Self::DeadlineExceeded,
            ("INTERNAL", _) => Self::Internal,
            (reason, code) => Self::Other {
                code,
                reason: reason.to_owned(),
                message: status.message().to_owned(),
            },
        }
    }
}

/// What the connection failed with; `None` for an answer of the service.
fn transport(status: &Status) -> Option<CallError> {
    let causes: Vec<_> = successors(status.source(), |error| (*error).source()).collect();
    if causes.iter().any(|cause| cause.is::<TimeoutExpired>()) {
        return Some(CallError::DeadlineExceeded);
    }
    // The innermost cause says what happened, such as `connection refused`.
    let reason = causes.last()?.to_string();
    Some(CallError::Unavailable { reason, retry_after: None })
}

/// An instant of RFC 3339.
fn instant(text: &str) -> Option<SystemTime> {
    SystemTime::try_from(text.parse::<Timestamp>().ok()?).ok()
}
