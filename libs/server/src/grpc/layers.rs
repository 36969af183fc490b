//! The layers around every gRPC service, outermost first.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use errors::Refusal;
use futures_util::FutureExt as _;
use telemetry::rpc::Methods;
use tonic::Status;

use super::access_log;
use crate::finish::finish;
use crate::limit::{Limit, Permit};
use crate::timeout::parse_timeout;

/// How long an rpc may take at most, even if the client allows more.
pub const MAX_DEADLINE: Duration = Duration::from_secs(10);

/// The value of `grpc-status` for `OUT_OF_RANGE`.
const OUT_OF_RANGE: &str = "11";

pub(super) fn around(router: Router, methods: Methods, limit: Limit) -> Router {
    router.layer(from_fn_with_state(Arc::new(Layers { methods, limit }), pass))
}

/// The state that the layers share.
struct Layers {
    methods: Methods,
    limit: Limit,
}

/// One layer for the router, which makes a service anew for each request and each layer.
async fn pass(State(layers): State<Arc<Layers>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if is_about_the_server(path) {
        let allowed = allowed(request.headers());
        return catch_panic(deadline(allowed, next.run(request))).await;
    }
    let method = layers.methods.find(path);
    // First of all: an excess request costs almost nothing.
    let Some(permit) = layers.limit.acquire() else {
        access_log::record_refused(&method);
        return overloaded();
    };
    // Around everything that may answer.
    access_log::record(method, request, |request| {
        let allowed = allowed(request.headers());
        // Innermost: a permit is held until the work ends, also if its caller has gone.
        let work = work(permit, request, next);
        // Around everything that can panic, inside the access log, so that a panic is recorded. The
        // deadline is inside this guard, since it runs the service.
        catch_panic(deadline(allowed, work))
    })
    .await
}

/// Whether the rpc is about the server itself: health must answer under load, and is not logged.
fn is_about_the_server(path: &str) -> bool {
    path.starts_with("/grpc.")
}

/// How long a request may take.
fn allowed(headers: &HeaderMap) -> Duration {
    parse_timeout(headers).map_or(MAX_DEADLINE, |asked| asked.min(MAX_DEADLINE))
}

async fn catch_panic(work: impl Future<Output = Response>) -> Response {
    // Nothing that the panic may have left half done is used again: it belonged to this request.
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|_| answer(Refusal::Internal))
}

async fn deadline(allowed: Duration, work: impl Future<Output = Response>) -> Response {
    tokio::time::timeout(allowed, work).await.unwrap_or_else(|_| answer(Refusal::DeadlineExceeded))
}

async fn work(permit: Permit, request: Request, next: Next) -> Response {
    let work = async move {
        let response = with_exhaustion(next.run(request).await);
        drop(permit);
        response
    };
    finish(MAX_DEADLINE, work).await.unwrap_or_else(|| answer(Refusal::DeadlineExceeded))
}

/// The refusal of an overloaded server: a client can do more with it now than with an answer after
/// its deadline. It is written once, to be cheap.
fn overloaded() -> Response {
    static HEADERS: LazyLock<HeaderMap> =
        LazyLock::new(|| answer(Refusal::Overloaded).into_parts().0.headers);
    let mut response = Response::default();
    response.headers_mut().clone_from(&HEADERS);
    response
}

/// An answer to a message over the limit has the status that other gRPC servers give it. tonic says
/// `OUT_OF_RANGE`, which no service here uses.
fn with_exhaustion(response: Response) -> Response {
    if response.headers().get("grpc-status").is_none_or(|status| status != OUT_OF_RANGE) {
        return response;
    }
    answer(Refusal::MessageTooLarge)
}

/// A refusal, with the details that every error of a service has.
fn answer(refusal: Refusal) -> Response {
    Status::from(refusal.row()).into_http()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::post;
    use telemetry::testing::Exported;
    use tonic::Code;
    use tonic_types::StatusExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn router() -> Router {
        let slow = || async { tokio::time::sleep(Duration::from_secs(60)).await };
        let wrong: fn() -> std::future::Ready<()> = || panic!("hunter2");
        let service = Router::new()
            .route("/svc/Slow", post(slow))
            .route("/svc/Wrong", post(wrong))
            .route("/svc/Fast", post(|| async {}))
            .route("/svc/Large", post(|| async { Status::out_of_range("x").into_http::<Body>() }))
            .route("/grpc.health.v1.Health/Check", post(|| async {}));
        around(service, Methods::default(), Limit::of(1.0))
    }

    async fn call(router: Router, path: &str, timeout: Option<&str>) -> Response {
        let request = Request::post(path);
        let request = match timeout {
            Some(timeout) => request.header("grpc-timeout", timeout),
            None => request,
        };
        router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
    }

    fn status(response: &Response) -> Status {
        Status::from_header_map(response.headers()).expect("a status")
    }

    #[tokio::test(start_paused = true)]
    async fn a_passed_deadline_is_deadline_exceeded() {
        let start = tokio::time::Instant::now();
        let response = call(router(), "/svc/Slow", Some("50m")).await;
        assert_eq!(response.headers()["grpc-status"], "4");
        assert_eq!(status(&response).code(), Code::DeadlineExceeded);
        assert_eq!(start.elapsed().as_millis(), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn no_client_can_ask_for_more_than_the_most() {
        for asked in [None, Some("99999999H"), Some("1d"), Some("-1S"), Some("")] {
            let start = tokio::time::Instant::now();
            call(router(), "/svc/Slow", asked).await;
            assert_eq!(start.elapsed(), MAX_DEADLINE, "{asked:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_beyond_the_limit_is_refused_at_once_but_health_is_not() {
        let router = router();
        let busy = tokio::spawn(call(router.clone(), "/svc/Slow", None));
        tokio::task::yield_now().await;
        let refused = status(&call(router.clone(), "/svc/Fast", None).await);
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let retry = refused.get_details_retry_info().expect("a RetryInfo").retry_delay;
        assert_eq!(retry, Some(Duration::from_secs(1)));
        let health = call(router.clone(), "/grpc.health.v1.Health/Check", None).await;
        assert!(health.headers().get("grpc-status").is_none());
        busy.await.expect("an answer");
        tokio::time::sleep(Duration::from_millis(1)).await;
        let response = call(router, "/svc/Fast", None).await;
        assert!(response.headers().get("grpc-status").is_none(), "the permit came back");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_leaves_no_span_and_no_line_each() {
        let exported = Exported::capture();
        let router = router();
        let busy = tokio::spawn(call(router.clone(), "/svc/Slow", None));
        tokio::task::yield_now().await;
        for _ in 0..100 {
            let refused = call(router.clone(), "/svc/Fast", None).await;
            assert_eq!(status(&refused).code(), Code::ResourceExhausted);
        }
        assert!(exported.lines.take().lines().count() <= 1);
        assert!(exported.spans().is_empty(), "the one that has a permit has not ended");
        busy.await.expect("an answer");
        assert_eq!(exported.spans().len(), 1);
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_resource_exhausted_and_not_to_be_retried() {
        let status = status(&call(router(), "/svc/Large", None).await);
        let expected = (Code::ResourceExhausted, "the message must be at most 64 KiB long");
        assert_eq!((status.code(), status.message()), expected);
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str());
        assert_eq!(reason, Some("MESSAGE_TOO_LARGE"));
        assert!(details.retry_info().is_none());
    }

    #[tokio::test]
    async fn nothing_is_told_of_what_is_about_the_server() {
        let exported = Exported::capture();
        call(router(), "/grpc.health.v1.Health/Check", None).await;
        assert!(exported.spans().is_empty() && exported.lines.take().is_empty());
        call(router(), "/svc/Fast", None).await;
        assert!(!exported.spans().is_empty() && !exported.lines.take().is_empty());
    }

    #[tokio::test]
    async fn a_panic_is_internal_and_says_nothing() {
        let response = call(router(), "/svc/Wrong", None).await;
        let status = status(&response);
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "an internal error occurred")
        );
        assert!(!format!("{response:?}").contains("hunter2"));
    }
}
