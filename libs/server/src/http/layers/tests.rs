//! Tests of the layers around HTTP services.

use std::net::SocketAddr;

use axum::body::to_bytes;
use axum::extract::ConnectInfo;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use telemetry::testing::{Exported, Lines, Sampler, SpanId, attribute};
use tower::ServiceExt as _;

use super::super::MAX_BODY_BYTES;
use super::super::refusal::json;
use super::*;

fn router() -> Router {
    behind(Proxies::default())
}

fn trusted(networks: &str) -> Proxies {
    Proxies::parse(networks).expect("networks")
}

fn behind(proxies: Proxies) -> Router {
    let wrong: fn() -> std::future::Ready<()> = || panic!("hunter2");
    let slow = || async { tokio::time::sleep(Duration::from_secs(60)).await };
    let service = Router::new()
        .route("/echo", post(|body: String| async move { body }))
        .route("/page", get(|| async { ([(header::CACHE_CONTROL, "max-age=60")], "page") }))
        .route("/slow", post(slow))
        .route("/wrong", post(wrong));
    let cors = CorsLayer::new().allow_origin([HeaderValue::from_static("https://acme.example")]);
    around(service, Some(cors), json, proxies, Limit::of(1.0))
}

async fn call(router: Router, method: Method, path: &str, body: Body) -> (StatusCode, Response) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("origin", "https://acme.example").body(body).expect("a request");
    let response = router.oneshot(request).await.expect("an answer");
    (response.status(), response)
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_it_arrives() {
    let (status, response) =
        call(router(), Method::POST, "/echo", vec![b'a'; MAX_BODY_BYTES].into()).await;
    assert_eq!((status, text(response).await.len()), (StatusCode::OK, MAX_BODY_BYTES));
    for length in [MAX_BODY_BYTES + 1, 1 << 20, 8 << 20] {
        let (status, response) =
            call(router(), Method::POST, "/echo", vec![b'a'; length].into()).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let message = "the body must be at most 16 KiB long";
        let json = format!(r#"{{"error_code":"body_too_large","message":"{message}"}}"#);
        assert_eq!(text(response).await, json);
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_and_a_service_may_set_its_own() {
    for (method, path, status) in [
        (Method::GET, "/page", StatusCode::OK),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
        (Method::GET, "/echo", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/wrong", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let (told, response) = call(router(), method, path, Body::empty()).await;
        assert_eq!(told, status);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["access-control-allow-origin"], "https://acme.example");
        let cached = if path == "/page" { "max-age=60" } else { "no-store" };
        assert_eq!(response.headers()["cache-control"], cached);
        if status != StatusCode::OK {
            assert_eq!(response.headers()["content-type"], "application/json");
            assert!(!text(response).await.contains("hunter2"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_or_comes_beyond_the_limit_is_refused() {
    let router = router();
    let busy = tokio::spawn(call(router.clone(), Method::POST, "/slow", Body::empty()));
    tokio::task::yield_now().await;
    let (status, response) = call(router.clone(), Method::GET, "/page", Body::empty()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    let start = tokio::time::Instant::now();
    let (status, response) = busy.await.expect("an answer");
    assert_eq!((status, start.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, TIMEOUT));
    assert!(text(response).await.contains("took too long"));
    let (status, _) = call(router, Method::GET, "/page", Body::empty()).await;
    assert_eq!(status, StatusCode::OK, "the permit came back");
}

#[tokio::test]
async fn a_request_leaves_one_line_without_its_path_and_query() {
    let (lines, _guard) = Lines::capture();
    for path in ["/page?user=hunter2", "/hunter2"] {
        call(router(), Method::GET, path, Body::empty()).await;
    }
    let told = lines.take();
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains(r#""http.route":"/page""#) && told.contains(r#""http.route":"_OTHER""#));
    assert!(told.contains(r#""http.response.status_code":404"#) && !told.contains("hunter2"));
}

/// The trace that a caller names, and its span there.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Asks for the page, from 192.0.2.1 and in a trace that is kept.
async fn ask_within_a_trace(router: Router) {
    let peer: SocketAddr = ([192, 0, 2, 1], 4242).into();
    let request = Request::get("/page?user=hunter2")
        .extension(ConnectInfo(peer))
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("tracestate", "hunter2=hunter2")
        .body(Body::empty())
        .expect("a request");
    router.oneshot(request).await.expect("an answer");
}

#[tokio::test]
async fn a_request_is_a_span_of_a_trusted_proxy_s_trace_without_its_path_and_query() {
    let exported = Exported::capture();
    ask_within_a_trace(behind(trusted("192.0.2.0/24").continue_traces(true))).await;
    for (method, path) in [(Method::GET, "/wrong/hunter2"), (Method::POST, "/wrong")] {
        call(router(), method, path, Body::empty()).await;
    }
    let spans = exported.spans();
    let page = &spans["Server GET /page"];
    assert_eq!(page.span_context.trace_id().to_string(), TRACE);
    assert_eq!(page.parent_span_id.to_string(), PARENT);
    assert_eq!(attribute(page, "http.request.method").as_deref(), Some("GET"));
    assert_eq!(attribute(page, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(attribute(&spans["Server GET _OTHER"], "error.type"), None);
    assert_eq!(attribute(&spans["Server POST /wrong"], "error.type").as_deref(), Some("500"));
    for span in spans.values() {
        assert!(!format!("{:?}{:?}", span.name, span.attributes).contains("hunter2"), "{span:?}");
    }
}

#[tokio::test]
async fn a_stranger_s_trace_is_linked_and_decides_nothing() {
    let passing_it_on = trusted("192.0.2.0/24");
    let elsewhere = trusted("198.51.100.0/24").continue_traces(true);
    for proxies in [Proxies::default(), passing_it_on, elsewhere] {
        let exported = Exported::capture();
        ask_within_a_trace(behind(proxies.clone())).await;
        let page = &exported.spans()["Server GET /page"];
        assert_ne!(page.span_context.trace_id().to_string(), TRACE);
        assert_eq!(page.parent_span_id, SpanId::INVALID);
        let [link] = &page.links[..] else { panic!("one link: {:?}", page.links) };
        assert_eq!(link.span_context.trace_id().to_string(), TRACE);
        assert_eq!(link.span_context.span_id().to_string(), PARENT);
        assert!(!format!("{page:?}").contains("hunter2"), "{page:?}");

        let none = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        let exported = Exported::sampling(none);
        ask_within_a_trace(behind(proxies)).await;
        assert!(exported.spans().is_empty(), "{:?}", exported.spans());
    }
}
