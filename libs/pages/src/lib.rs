//! The pages that people see in a browser. This crate runs no journey: the recovery page's scripts call the
//! journey runner.
//!
//! | to learn | read |
//! | --- | --- |
//! | how the recovery page is served | [`recovery`] |
//! | which languages the pages speak | `language`, and the files of texts beside `src` |
//! | how HTML is written | `template` |

mod language;
pub mod recovery;
mod template;

use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};

/// Nothing but our own files, no frames, no forms that go elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

fn secured(content_type: &'static str, caching: &'static str, body: String) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, body).into_response()
}
