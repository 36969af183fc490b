//! The edge for operators: liveness, which asks nothing but whether the process answers,
//! readiness, and metrics.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;

use crate::readiness::Readiness;

/// The text format of Prometheus.
const TEXT: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn router(readiness: Readiness) -> Router {
    let ready = move || async move {
        if readiness.is_ready() {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|| async { (TEXT, telemetry::text()) }))
}
