//! Fetches one JSON document, or posts a form for one: over https from anywhere, over http from this machine only.

use std::net::IpAddr;
use std::time::Duration;

use http::header::{ACCEPT, AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Builder;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use http_client::{Bytes, Reach, SendError, host};

/// The longest document.
const MAX_BYTES: usize = 64 * 1024;

/// Why a document was not fetched. Holds no part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("its URL must be https, or http on this machine")]
    InsecureUrl,
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("answered {0} instead of 200; redirects are not followed")]
    Status(StatusCode),
}

/// A document, and how long it may be kept.
pub(crate) struct Document {
    pub(crate) body: Bytes,
    /// What remains of its `max-age`; `None` if it has none.
    pub(crate) fresh_for: Option<Duration>,
}

/// Whether a URL is one that is fetched from.
pub(crate) fn is_secure(uri: &Uri) -> bool {
    let host = host(uri);
    let is_here =
        || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here(),
        _ => false,
    }
}

/// Sends a form with these credentials (RFC 6749, section 2.3.1), and returns the JSON of the answer
/// whatever its status is. The caller limits the time.
pub(crate) async fn post(
    uri: &Uri,
    form: String,
    authorization: HeaderValue,
) -> Result<(StatusCode, Bytes), FetchError> {
    let request = Request::post(uri)
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = send(request, form).await?;
    Ok((answer.status(), answer.into_body()))
}

/// Fetches a document. The caller limits the time.
pub(crate) async fn get(uri: &Uri) -> Result<Document, FetchError> {
    let answer = send(Request::get(uri), String::new()).await?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status()));
    }
    let fresh_for = fresh_for(answer.headers());
    Ok(Document { body: answer.into_body(), fresh_for })
}

/// Sends a request for JSON.
async fn send(request: Builder, body: String) -> Result<Response<Bytes>, FetchError> {
    if !request.uri_ref().is_some_and(is_secure) {
        return Err(FetchError::InsecureUrl);
    }
    let request = request.header(ACCEPT, "application/json").body(Full::from(body));
    let request = request.map_err(|_| FetchError::InsecureUrl)?;
    Ok(http_client::send(request, Reach::Anywhere, MAX_BYTES).await?)
}

/// The `max-age` of an answer without the `Age` that it has reached in caches on the way (RFC 9111,
/// section 4.2).
fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = |text: &str| text.trim().parse().ok().map(Duration::from_secs);
    let mut directives = text(CACHE_CONTROL)?.split(',').map(str::trim);
    let max_age = directives.find_map(|directive| match directive {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        _ => seconds(directive.strip_prefix("max-age=")?),
    })?;
    Some(max_age.saturating_sub(text(AGE).and_then(seconds).unwrap_or_default()))
}
