//! What this edge refuses before a service sees it, or in its place.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Writes a refusal as an answer.
pub type Render = fn(Refusal) -> Response;

/// Why the edge refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such path.
    NotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// The body broke off.
    BrokenBody,
    /// The body is over [`MAX_BODY_BYTES`](super::MAX_BODY_BYTES).
    TooLarge,
    /// Too many requests at a time.
    Overloaded,
    /// The service took longer than [`TIMEOUT`](super::TIMEOUT).
    TimedOut,
    /// The service panicked.
    Panicked,
}

impl Refusal {
    /// The status code.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Overloaded | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The machine's word.
    pub const fn error_code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BrokenBody => "broken_body",
            Self::TooLarge => "body_too_large",
            Self::Overloaded | Self::TimedOut => "unavailable",
            Self::Panicked => "internal",
        }
    }

    /// The sentence for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotFound => "there is nothing at this path",
            Self::MethodNotAllowed => "this path does not take this method",
            Self::BrokenBody => "the body ended too early",
            Self::TooLarge => "the body must be at most 16 KiB long",
            Self::Overloaded => "too many requests at a time: try again later",
            Self::TimedOut => "the request took too long: it may have been carried out",
            Self::Panicked => "an internal error occurred",
        }
    }

    /// Writes the answer, with `Retry-After` where trying again can help.
    pub(super) fn answer(self, render: Render) -> Response {
        let mut response = render(self);
        if matches!(self, Self::Overloaded | Self::TimedOut) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// `{"error_code": .., "message": ..}`.
pub(super) fn json(refusal: Refusal) -> Response {
    let (code, message) = (refusal.error_code(), refusal.message());
    // Our own words: there is nothing in them to escape.
    let body = format!(r#"{{"error_code":"{code}","message":"{message}"}}"#);
    let json = HeaderValue::from_static("application/json");
    (refusal.status(), [(header::CONTENT_TYPE, json)], body).into_response()
}
