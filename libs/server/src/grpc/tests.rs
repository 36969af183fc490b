//! Tests of what is told of an rpc, from a client to a server.

use std::net::SocketAddr;

use axum::routing::post;
use grpc_client::{Client, Remote};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use settings::Endpoint;
use telemetry::testing::{Exported, Sampler, SpanId, Status as Outcome, attribute, descriptors};
use telemetry::{Caller, SPANS, Span, note};
use tokio::sync::watch;
use tonic::Status;

use super::*;
use crate::connections::{Limits, Protocol, Stop, serve};
use crate::limit::Limit;
use crate::listener::bind;
use proxies::Proxies;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Serves `test.Svc`, whose answers repeat the trace that they were asked in.
async fn server() -> Client {
    let any = Endpoint { flag: "--listen", address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let [listener] = bind([any]).await.expect("a free port");
    let address = listener.address();
    let good = |headers: HeaderMap| async move {
        note("postern.outcome", "good");
        tracing::info!("hunter2 is logged, and not exported");
        let mut answer = Status::ok("").into_http::<Body>();
        if let Some(parent) = headers.get("traceparent") {
            answer.headers_mut().insert("parent", parent.clone());
        }
        answer
    };
    let bad = || async { Status::internal("hunter2").into_http::<Body>() };
    let rpcs = descriptors(&["Good", "Bad"]);
    let router =
        axum::Router::new().route("/test.Svc/Good", post(good)).route("/test.Svc/Bad", post(bad));
    let router = layers::around(router, Methods::parse(&rpcs).expect("descriptors"), Limit::new());
    let (keep, stop) = watch::channel(false);
    tokio::spawn(async move {
        serve(
            listener,
            router,
            Protocol::Http2,
            Limits::of_process(None),
            Proxies::default(),
            Stop(stop),
        )
        .await;
        drop(keep);
    });
    let remote = Remote::parse(&format!("http://{address}"), None).expect("an address");
    Client::connect(remote, &rpcs).expect("descriptors")
}

async fn call(client: &Client, path: &str) -> HeaderMap {
    let request = Request::post(path).body(Body::empty()).expect("a request");
    let mut client = client.clone();
    std::future::poll_fn(|cx| client.poll_ready(cx)).await.expect("it connects");
    let answer = client.call(request).await.expect("an answer");
    let headers = answer.headers().clone();
    answer.into_body().collect().await.expect("a body");
    headers
}

#[tokio::test]
async fn one_trace_goes_from_the_caller_through_the_client_to_the_server() {
    let exported = Exported::capture();
    let client = server().await;
    let root = Span::server(&HeaderMap::new(), Caller::Trusted, || ("root".into(), vec![]));
    root.around(call(&client, "/test.Svc/Good")).await;
    drop(root);
    drop(client);
    let spans = exported.spans();
    let [root, client, server] =
        ["Server root", "Client test.Svc/Good", "Server test.Svc/Good"].map(|name| &spans[name]);
    assert_eq!(root.parent_span_id, SpanId::INVALID);
    assert_eq!(client.parent_span_id, root.span_context.span_id());
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    for span in [client, server] {
        assert_eq!(span.span_context.trace_id(), root.span_context.trace_id());
        assert_eq!(attribute(span, "rpc.system.name").as_deref(), Some("grpc"));
        assert_eq!(attribute(span, "rpc.method").as_deref(), Some("test.Svc/Good"));
        assert_eq!(attribute(span, "rpc.response.status_code").as_deref(), Some("OK"));
        assert_eq!(span.status, Outcome::Unset);
    }
    assert_eq!(attribute(client, "server.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(attribute(server, "postern.outcome").as_deref(), Some("good"));
    assert!(!format!("{spans:?}").contains("hunter2"), "a line of the log was exported");
    let lines = exported.lines.take();
    assert_eq!(lines.matches("{\"trace_id\"").count(), 2, "{lines}");
    let ids = server.span_context.clone();
    let ids = format!(r#"{{"trace_id":"{}","span_id":"{}","#, ids.trace_id(), ids.span_id());
    assert_eq!(lines.matches(&ids).count(), 2, "{lines}");
}

#[tokio::test]
async fn a_fault_is_an_error_and_what_is_no_rpc_is_not_repeated() {
    let exported = Exported::capture();
    let client = server().await;
    for path in ["/test.Svc/Bad", "/test.Svc/hunter2", "/grpc.health.v1.Health/Check"] {
        call(&client, path).await;
    }
    drop(client);
    let spans = exported.spans();
    for side in ["Client", "Server"] {
        let bad = &spans[&format!("{side} test.Svc/Bad")];
        assert_eq!(bad.status, Outcome::error(""));
        assert_eq!(attribute(bad, "error.type").as_deref(), Some("INTERNAL"));
        assert!(spans.contains_key(&format!("{side} _OTHER")));
    }
    assert_eq!(spans.len(), 4, "nothing is told of health: {spans:?}");
    assert!(!format!("{spans:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_the_caller_does_not_sample_is_not_exported_but_goes_on() {
    let exported = Exported::capture();
    let client = server().await;
    let mut headers = HeaderMap::new();
    let parent = format!("00-{TRACE}-b7ad6b7169203331-00");
    headers.insert("traceparent", parent.parse().expect("a value"));
    let root = Span::server(&headers, Caller::Trusted, || ("root".into(), vec![]));
    let answer = root.around(call(&client, "/test.Svc/Good")).await;
    let parent = answer["parent"].to_str().expect("text");
    assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-00"), "{parent}");
    assert!(exported.spans().is_empty());
    // The log names it all the same.
    let lines = exported.lines.take();
    assert_eq!(
        lines.matches(&format!(r#"{{"trace_id":"{TRACE}","span_id":""#)).count(),
        2,
        "{lines}"
    );
}

#[tokio::test]
async fn what_is_done_within_a_request_is_a_part_of_its_trace_if_that_is_kept() {
    for (sampler, is_sampled) in [(Sampler::AlwaysOff, false), (Sampler::AlwaysOn, true)] {
        let exported = Exported::sampling(sampler);
        let root = Span::server(&HeaderMap::new(), Caller::Trusted, || ("root".into(), vec![]));
        let work =
            async { telemetry::is_sampled().then(|| tracing::info_span!(target: SPANS, "part")) };
        let part = root.around(work).await;
        assert_eq!(part.is_some(), is_sampled);
        drop((part, root));
        let spans = exported.spans();
        assert_eq!(spans.len(), if is_sampled { 2 } else { 0 });
        if let Some(part) = spans.get("Internal part") {
            assert_eq!(part.parent_span_id, spans["Server root"].span_context.span_id());
        }
    }
}

#[tokio::test]
async fn whether_a_trace_is_kept_is_decided_once_and_for_all_of_it() {
    let exported = Exported::sampling(Sampler::AlwaysOff);
    let client = server().await;
    let answer = call(&client, "/test.Svc/Good").await;
    let parent = answer["parent"].to_str().expect("text");
    assert!(parent.starts_with("00-") && parent.ends_with("-00"), "{parent}");
    let trace = parent.get(3..35).expect("an id");
    assert!(exported.spans().is_empty());
    let lines = exported.lines.take();
    assert_eq!(lines.matches(trace).count(), 2, "{lines}");
}

#[tokio::test]
async fn nothing_is_gathered_of_what_is_not_kept() {
    for (sampler, is_sampled) in [(Sampler::AlwaysOff, false), (Sampler::AlwaysOn, true)] {
        let _exported = Exported::sampling(sampler);
        let mut is_asked = false;
        let root = Span::server(&HeaderMap::new(), Caller::Trusted, || {
            is_asked = true;
            ("root".into(), vec![])
        });
        assert_eq!(is_asked, is_sampled);
        let _inside = root.enter();
        let mut is_asked = false;
        drop(Span::client(|| {
            is_asked = true;
            ("call".into(), vec![])
        }));
        assert_eq!(is_asked, is_sampled);
    }
}

#[tokio::test]
async fn without_an_exporter_there_is_no_trace() {
    let client = server().await;
    let answer = call(&client, "/test.Svc/Good").await;
    assert!(!answer.contains_key("parent"));
}
