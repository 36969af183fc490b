//! How the edge for HTTP writes what it refuses before a service sees it, or in its place.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use errors::HttpFault;
pub use errors::Refusal;

/// Writes a refusal as an answer.
pub type Render = fn(Refusal) -> Response;

/// Writes the answer, with `Retry-After` where trying again can help.
pub(super) fn answer(refusal: Refusal, render: Render) -> Response {
    let mut response = render(refusal);
    if let Some(seconds) = refusal.http().retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// `{"error_code": .., "message": ..}`.
pub(super) fn json(refusal: Refusal) -> Response {
    let HttpFault { status, error_code, message, .. } = refusal.http();
    // Our own words: there is nothing in them to escape.
    let body = format!(r#"{{"error_code":"{error_code}","message":"{message}"}}"#);
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body).into_response()
}
