//! The pages that people see in a browser. This crate runs no journey: the recovery page's scripts call the
//! journey runner.
//!
//! | to learn | read |
//! | --- | --- |
//! | how the recovery page is served | [`recovery`] |
//! | how a user says "this was not me" | [`not_me`] |
//! | which languages the pages speak | `language`, and the files of texts beside `src` |
//! | how HTML is written | `template` |

mod language;
pub mod not_me;
pub mod recovery;
mod template;

use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

/// An HTML page in a language that the browser asked for.
fn document(policy: &'static str, html: String) -> Response {
    let mut page = secured("text/html; charset=utf-8", "no-store", policy, html);
    page.headers_mut().append(VARY, HeaderValue::from(ACCEPT_LANGUAGE));
    page
}

fn secured(
    content_type: &'static str,
    caching: &'static str,
    policy: &'static str,
    body: String,
) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, body).into_response()
}
