//! The edge for operators: liveness, which asks nothing but whether the process answers, and
//! readiness.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::readiness::Readiness;

/// `/livez` and `/readyz`.
pub(crate) fn router(readiness: Readiness) -> Router {
    let ready = move || async move {
        if readiness.is_ready() {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    Router::new().route("/livez", get(|| async { "alive\n" })).route("/readyz", get(ready))
}
