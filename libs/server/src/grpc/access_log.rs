//! The record of each rpc: a line in the access log, a span, a metric. The status of a gRPC answer
//! comes in its trailers, so all three wait for the end of the body.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use telemetry::rpc::{Learns, Watched, describe, is_fault, measure, name, tell_end};
use telemetry::{Caller, Histogram, Span};
use tonic::Code;

static DURATION: LazyLock<Histogram> = LazyLock::new(|| {
    Histogram::new("rpc.server.call.duration", "How long an rpc takes to be answered.")
});

pub(super) async fn record<F: Future<Output = Response>>(
    method: Arc<str>,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let span = Span::server(request.headers(), Caller::Trusted, || describe(&method));
    let mut log = AccessLog { method, started: Instant::now(), code: None, span: span.clone() };
    let response = span.around(next(request)).await;
    log.read(response.headers());
    response.map(|inner| Body::new(Watched { inner, learns: log }))
}

/// Records an rpc that is refused for overload: in the metric, and in the log now and then. A line
/// for each would cost more than the refusal.
pub(super) fn record_refused(method: &Arc<str>) {
    measure(&DURATION, Duration::ZERO, method, name(Code::ResourceExhausted));
    crate::limit::warn_of_overload();
}

/// Records when dropped: also if the client goes away before the answer.
struct AccessLog {
    method: Arc<str>,
    started: Instant,
    code: Option<Code>,
    span: Span,
}

impl Learns for AccessLog {
    fn learn(&mut self, code: Code) {
        self.code = Some(code);
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let (method, status) = (&*self.method, name(code));
        let duration = self.started.elapsed();
        tell_end(&self.span, &self.method, code, is_fault(code), (&*DURATION, duration));
        // The line belongs to the span, whose end this is.
        let _inside = self.span.enter();
        tracing::info!(
            target: "rpc",
            {
                rpc.method = method,
                rpc.response.status_code = status,
                duration_ms = duration.as_secs_f64() * 1000.0,
            },
            "answered"
        );
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::middleware::{Next, from_fn_with_state};
    use axum::routing::post;
    use http_body::Frame;
    use telemetry::rpc::Methods;
    use telemetry::testing::{Lines, descriptors};
    use tonic::Status;
    use tower::ServiceExt as _;

    use super::*;

    fn trailers(code: &'static str) -> Body {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", code.parse().expect("a value"));
        let frames = [Ok::<_, axum::Error>(Frame::trailers(trailers))];
        Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(frames)))
    }

    async fn layer(State(methods): State<Methods>, request: Request, next: Next) -> Response {
        let method = methods.find(request.uri().path());
        record(method, request, |request| next.run(request)).await
    }

    fn router() -> Router {
        let methods = Methods::parse(&descriptors(&["Good", "Bad"])).expect("descriptors");
        Router::new()
            .route("/test.Svc/Good", post(|| async { trailers("0") }))
            .route(
                "/test.Svc/Bad",
                post(|| async { Status::aborted("hunter2").into_http::<Body>() }),
            )
            .fallback(|| async { Status::unimplemented("").into_http::<Body>() })
            .layer(from_fn_with_state(methods, layer))
    }

    #[tokio::test]
    async fn an_rpc_leaves_one_line_with_its_status_and_nothing_that_a_client_made_up() {
        let (lines, _guard) = Lines::capture();
        for path in ["/test.Svc/Good", "/test.Svc/Bad", "/test.Svc/hunter2"] {
            let request = Request::post(path).body(Body::empty()).expect("a request");
            let response = router().oneshot(request).await.expect("an answer");
            to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        }
        let told = lines.take();
        let expected =
            [("test.Svc/Good", "OK"), ("test.Svc/Bad", "ABORTED"), ("_OTHER", "UNIMPLEMENTED")];
        assert_eq!(told.lines().count(), expected.len(), "{told}");
        for (line, (method, code)) in told.lines().zip(expected) {
            assert!(line.contains(&format!(r#""rpc.method":"{method}""#)), "{line}");
            assert!(line.contains(&format!(r#""rpc.response.status_code":"{code}""#)), "{line}");
        }
        assert!(!told.contains("hunter2"));
    }

    #[tokio::test]
    async fn a_client_that_goes_away_leaves_a_line_too() {
        let (lines, _guard) = Lines::capture();
        let request = Request::post("/test.Svc/Good").body(Body::empty()).expect("a request");
        drop(router().oneshot(request).await.expect("an answer"));
        assert!(lines.take().contains(r#""rpc.response.status_code":"CANCELLED""#));
    }
}
