//! The layers around every HTTP service, outermost first.
//!
//! # Why not more of `tower-http`
//! Its `TimeoutLayer` answers with an empty body, and its `RequestBodyLimitLayer` with a text of its own;
//! here a refusal is written in the form of the API. The latter also stops reading, so that a client which
//! is still sending may never see the refusal. Its header layers set one header each, and would be six.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use futures_util::FutureExt as _;
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;

use super::refusal::{Refusal, Render, answer};
use super::source::{self, Sources};
use super::{access_log, body};
use crate::finish::finish;
use crate::limit::{self, Limit};
use proxies::Proxies;

/// The longest that a request may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Headers of every answer unless the service sets them: no sniffing, framing, storing, referrer or
/// loading.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

pub(super) fn around(
    router: Router,
    cors: Option<CorsLayer>,
    render: Render,
    proxies: Proxies,
    limit: Limit,
) -> Router {
    router
        .layer(from_fn_with_state(Sources::behind(proxies.clone()), source::note))
        .method_not_allowed_fallback(
            move || async move { answer(Refusal::MethodNotAllowed, render) },
        )
        .fallback(move || async move { answer(Refusal::NotFound, render) })
        .layer(
            ServiceBuilder::new()
                // Outermost: around everything that may answer.
                .layer(from_fn_with_state(proxies, access_log::record))
                // Around everything that answers: refusals need the headers as much as pages.
                .layer(from_fn(set_headers))
                // Around everything that refuses: a page of another origin must be able to read it.
                .option_layer(cors)
                // Around all that can panic.
                .layer(from_fn_with_state(render, catch_panic))
                // Around the body, so that a slow one is bounded too.
                .layer(from_fn_with_state(render, timeout))
                // What a service sees is small and complete. Outside the limit: a body that never
                // ends keeps no other request out.
                .layer(from_fn_with_state(render, read_body))
                // Innermost: counts work until it ends, also if its caller has gone.
                .layer(from_fn_with_state((render, limit), shed)),
        )
}

async fn set_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Tells browsers to use only TLS with this host, for a year.
pub(super) async fn insist_on_tls(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let value = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
    response
}

async fn catch_panic(State(render): State<Render>, request: Request, next: Next) -> Response {
    // Nothing that the panic may have left half done is used again: it belonged to this request.
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    outcome.unwrap_or_else(|_| answer(Refusal::Internal, render))
}

async fn timeout(State(render): State<Render>, request: Request, next: Next) -> Response {
    let outcome = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    outcome.unwrap_or_else(|_| answer(Refusal::TimedOut, render))
}

async fn shed(
    State((render, limit)): State<(Render, Limit)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(permit) = limit.acquire() else {
        limit::warn_of_overload();
        return answer(Refusal::Overloaded, render);
    };
    let work = async move {
        let response = next.run(request).await;
        drop(permit);
        response
    };
    finish(TIMEOUT, work).await.unwrap_or_else(|| answer(Refusal::TimedOut, render))
}

async fn read_body(State(render): State<Render>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match body::read(body).await {
        Ok(bytes) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Err(refusal) => answer(refusal, render),
    }
}

#[cfg(test)]
mod tests;
