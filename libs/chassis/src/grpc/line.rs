//! One line in the log for each rpc, when its answer has left. The status of a gRPC answer comes in
//! its trailers, so the line waits for the body's end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tonic::{Code, Status};

use super::layers::is_about_the_server;

/// The longest path that is logged as the name of an rpc.
const MAX_NAME: usize = 128;

pub(super) async fn log(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if is_about_the_server(path) {
        return next.run(request).await;
    }
    let name = path.trim_start_matches('/').to_owned();
    let mut line = Line { name, started: Instant::now(), code: None };
    let response = next.run(request).await;
    line.read(response.headers());
    response.map(|inner| Body::new(Watched { inner, line }))
}

/// Writes itself when dropped: also if the client goes away before the answer, and nothing below
/// runs any more.
struct Line {
    name: String,
    started: Instant,
    code: Option<Code>,
}

impl Line {
    fn read(&mut self, headers: &HeaderMap) {
        self.code = Status::from_header_map(headers).map(|status| status.code()).or(self.code);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        // What is no rpc was made up by the client, and is not repeated.
        let is_made_up = code == Code::Unimplemented || self.name.len() > MAX_NAME;
        let method = if is_made_up { "_OTHER" } else { self.name.as_str() };
        let duration_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(
            target: "rpc",
            { rpc.method = method, rpc.response.status_code = name(code), duration_ms },
            "answered"
        );
    }
}

/// The answer's body, and the line that waits for its end.
struct Watched {
    inner: Body,
    line: Line,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(trailers) = frame.as_ref().and_then(|f| f.as_ref().ok()?.trailers_ref()) {
            self.line.read(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The code's name, as the specification of gRPC writes it.
const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;
    use crate::telemetry::tests::Lines;

    fn trailers(code: &'static str) -> Body {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", code.parse().expect("a value"));
        let frames = [Ok::<_, axum::Error>(Frame::trailers(trailers))];
        Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(frames)))
    }

    fn router() -> Router {
        Router::new()
            .route("/svc/Good", post(|| async { trailers("0") }))
            .route("/svc/Bad", post(|| async { Status::aborted("hunter2").into_http::<Body>() }))
            .route("/grpc.health.v1.Health/Check", post(|| async { trailers("0") }))
            .fallback(|| async { Status::unimplemented("").into_http::<Body>() })
            .layer(from_fn(log))
    }

    #[tokio::test]
    async fn an_rpc_leaves_one_line_with_its_status_and_nothing_that_a_client_made_up() {
        let (lines, _guard) = Lines::capture();
        for path in ["/svc/Good", "/svc/Bad", "/svc/hunter2", "/grpc.health.v1.Health/Check"] {
            let request = Request::post(path).body(Body::empty()).expect("a request");
            let response = router().oneshot(request).await.expect("an answer");
            to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        }
        let told = lines.take();
        let expected = [("svc/Good", "OK"), ("svc/Bad", "ABORTED"), ("_OTHER", "UNIMPLEMENTED")];
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
        let request = Request::post("/svc/Good").body(Body::empty()).expect("a request");
        drop(router().oneshot(request).await.expect("an answer"));
        assert!(lines.take().contains(r#""rpc.response.status_code":"CANCELLED""#));
    }
}
