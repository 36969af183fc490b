//! From where browsers may change anything.
//!
//! A form of another site can be sent here with the session's cookie (CSRF). A request that does not say that it
//! comes from a page of the console is refused.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::{Console, page};

/// Refuses changes that come from another site.
pub(crate) async fn guard(
    State(console): State<Console>,
    request: Request,
    next: Next,
) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_safe || console.url.is_from_here(request.headers()) {
        return next.run(request).await;
    }
    let text = "The request came from another site. Go back to the console and try again.";
    page::message(StatusCode::FORBIDDEN, "Not sent from the console", text)
}
