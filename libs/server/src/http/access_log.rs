//! The record of each HTTP request: a line in the access log, a span, a metric. All name the route
//! and never the path or the query, which may hold an id.

use std::sync::LazyLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use proxies::Proxies;
use telemetry::{Caller, Histogram, KeyValue, Span};

use super::peer;

static DURATION: LazyLock<Histogram> = LazyLock::new(|| {
    Histogram::new("http.server.request.duration", "How long a request takes to be answered.")
});

pub(super) async fn record(
    State(proxies): State<Proxies>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("_OTHER", MatchedPath::as_str).to_owned();
    let method = name(request.method());
    let is_trusted = peer(&request).is_some_and(|peer| proxies.continues_trace_of(peer));
    let caller = if is_trusted { Caller::Trusted } else { Caller::Stranger };
    let span = Span::server(request.headers(), caller, || {
        let attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.clone()),
        ];
        (format!("{method} {route}").into(), attributes)
    });
    let mut log =
        AccessLog { method, route, started: Instant::now(), status: None, span: span.clone() };
    let response = span.around(next.run(request)).await;
    log.status = Some(response.status());
    response
}

/// The method, unless the client made it up.
fn name(method: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
        Method::CONNECT,
        Method::TRACE,
    ];
    let names = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
    let found = known.iter().zip(names).find(|(known, _)| *known == method);
    found.map_or("_OTHER", |(_, name)| name)
}

/// Records when dropped: also if the client goes away before the answer.
struct AccessLog {
    method: &'static str,
    route: String,
    started: Instant,
    status: Option<StatusCode>,
    span: Span,
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let status = self.status.map(|status| status.as_u16());
        // The line belongs to the span, whose end this is.
        let _inside = self.span.enter();
        if let Some(status) = status {
            self.span.set("http.response.status_code", i64::from(status));
        }
        if let Some(fault) = self.status.filter(StatusCode::is_server_error) {
            self.span.fail(fault.as_str().to_owned());
        }
        let mut labels = vec![
            KeyValue::new("http.request.method", self.method),
            KeyValue::new("http.route", self.route.clone()),
        ];
        labels.extend(status.map(|it| KeyValue::new("http.response.status_code", i64::from(it))));
        DURATION.record_as(duration, &labels);
        tracing::info!(
            target: "http",
            {
                http.request.method = self.method,
                http.route = self.route,
                http.response.status_code = status,
                duration_ms = duration.as_secs_f64() * 1000.0,
            },
            "answered"
        );
    }
}
