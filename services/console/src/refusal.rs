//! What a service refuses, in words for agents, with the next step.

use axum::http::StatusCode;
use axum::response::Response;
use client::{CallError, DeskRefusal};

use crate::url::sign_in;
use crate::{page, words};

/// The next step after a refusal. The texts of the client library speak to developers; those that an agent
/// can meet are told here.
pub(crate) fn told(error: &CallError) -> String {
    let text = match error {
        CallError::UserNotFound => "No user has this identifier. Check it and its type.",
        CallError::PairingNotFound => {
            "No open page of this user has this number. Check the user, then ask the caller to read the \
             number again."
        }
        CallError::PairingRequired => {
            "A pairing number is required. Ask the caller to open the recovery page and to read it."
        }
        CallError::PairingOff => "This application pairs no codes. Leave the number out.",
        CallError::UserLocked { .. } => {
            "The user is locked after wrong codes. Wait until the lock ends, or clear it."
        }
        CallError::UserBlocked { .. } => {
            "The user said that a code was not for them. Check who is calling; an approver can lift the block."
        }
        CallError::UserDisabled => {
            "Too many wrong codes disabled the user. Check who is calling, then clear the lockout."
        }
        CallError::OwnAccount => "This is your own account. Ask another agent.",
        CallError::OwnRequest => "This is your own request. Another agent must decide.",
        CallError::OwnStop => "You cannot lift what stops you. Ask another agent.",
        CallError::SignInAgain => "This needs a recent sign-in. Sign in again.",
        CallError::RequestNotFound => "This request is gone. Reload the list.",
        CallError::RequestExpired => "This request has expired. The agent must ask again.",
        CallError::RequestDecided => "Another agent decided this request. Reload the list.",
        CallError::PermissionDenied { .. } => {
            "Your roles do not allow this. Ask your administrator."
        }
        CallError::Unauthenticated => "Your sign-in has ended. Sign in again.",
        CallError::Desk(DeskRefusal::Off) => {
            "This application has no desk. Ask your administrator."
        }
        CallError::Unavailable { .. } | CallError::DeadlineExceeded | CallError::Token(_) => {
            "The service does not answer. Send the form again in a moment; nothing happens twice."
        }
        CallError::RateLimited { .. } | CallError::Overloaded { .. } => {
            "The service is busy. Send the form again in a minute."
        }
        CallError::InvalidArgument(violations) => {
            let texts = violations.iter().map(|it| words::fault(&it.field, &it.description));
            return texts.collect::<Vec<_>>().join(" ");
        }
        other => return words::sentence(&other.to_string()),
    };
    text.to_owned()
}

/// Whether the outcome is open: what the form asked for may have been done.
pub(crate) const fn is_open(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Unavailable { .. } | CallError::DeadlineExceeded | CallError::Token(_)
    )
}

/// Whether the agent sends the same form again: its outcome is open, or the service was too busy for it.
pub(crate) const fn may_be_sent_again(error: &CallError) -> bool {
    is_open(error) || matches!(error, CallError::RateLimited { .. } | CallError::Overloaded { .. })
}

/// Whether a request for approval is of no use any more.
pub(crate) const fn ends_request(error: &CallError) -> bool {
    use DeskRefusal::{
        ApprovalChanged, ApprovalDenied, ApprovalExpired, ApprovalNotFound, ApprovalUsed,
    };
    let CallError::Desk(refusal) = error else { return false };
    matches!(
        refusal,
        ApprovalChanged | ApprovalDenied | ApprovalExpired | ApprovalNotFound | ApprovalUsed
    )
}

/// A list of a page, or why it is not shown. A page without it is still good after something was done, or
/// while a service does not answer. Another refusal is the page.
pub(crate) fn listed<T>(
    listed: Result<T, CallError>,
    is_after: bool,
) -> Result<Result<T, String>, CallError> {
    match listed {
        Err(error) if is_after || may_be_sent_again(&error) => Ok(Err(told(&error))),
        Err(error) => Err(error),
        Ok(list) => Ok(Ok(list)),
    }
}

/// The page of a refusal, which returns to `to`.
pub(crate) fn page(error: &CallError, to: &str) -> Response {
    let text = told(error);
    match error {
        CallError::SignInAgain | CallError::Unauthenticated => {
            let again = sign_in(to, true);
            page::with_link(StatusCode::FORBIDDEN, "Sign in again", &text, &again)
        }
        _ => page::message(StatusCode::CONFLICT, "Not done", &text),
    }
}
