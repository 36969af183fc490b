//! Traces and metrics: what one recovery looks like from outside, and that nothing secret is in it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::collector::{Collector, attributes};
use crate::harness::http::INVOKE;
use crate::harness::postern::{config, utf8};
use crate::harness::process::{Variable, run_with};
use crate::harness::redis::Redis;
use crate::harness::*;

/// The trace that the page's request comes in.
const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const PAGE: u64 = 0xb7ad_6b71_6920_3331;

const HTTP: &str = "POST /ido/api/v2/auth/{operation}";
const VERIFY: &str = "postern.code.v1.VerifierService/VerifyCode";

/// All attributes that a span may have.
const KNOWN: [&str; 21] = [
    "db.operation.name",
    "db.stored_procedure.name",
    "db.system.name",
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "postern.action",
    "postern.burned",
    "postern.denial",
    "postern.journey.id",
    "postern.journey.outcome",
    "postern.journey.step",
    "postern.lock_overridden",
    "postern.locked",
    "postern.replayed",
    "rpc.method",
    "rpc.response.status_code",
    "rpc.system.name",
    "server.address",
    "server.port",
];

fn sending_to(collector: &Collector) -> Vec<Variable> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.at)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100".to_owned()),
    ]
}

fn only<'a>(spans: &'a [Span], name: &str, kind: SpanKind) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|it| it.name == name && it.kind() == kind).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:#?}");
    found[0]
}

fn holds(span: &Span, expected: &[(&str, &str)]) {
    let actual = attributes(&span.attributes);
    let expected = expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    assert_eq!(actual, expected.collect::<BTreeMap<_, _>>(), "{}", span.name);
}

#[tokio::test]
async fn one_recovery_is_one_trace_from_the_page_to_redis_and_holds_nothing_secret() -> Tested {
    let collector = Collector::start()?;
    // The page's server stands for a proxy that is trusted to begin traces.
    let trusted = [
        ("POSTERN_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ("POSTERN_PROXY_TRACES", "continue".to_owned()),
    ];
    let variables = [&sending_to(&collector)[..], &trusted].concat();
    let services = Deployment::of(&config())?.with_environment(&variables);
    let postern = services.replica()?;
    let user = format!("{}@example.org", unique("canary"));
    let code = postern.issue(&user).await?;
    let wrong = another(&code);
    postern.redeem(&user, &wrong).await?;
    let params = json!({"external_user_id": user, "temp_code": code});
    let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
    let answer = Client::new()
        .post(format!("http://{}{INVOKE}?clientId=acme-web", postern.at.pages))
        .header("traceparent", format!("00-{TRACE:032x}-{PAGE:016x}-01"))
        .json(&json!({"headers": [], "data": data}))
        .send()
        .await?;
    let answer: Value = answer.json().await?;
    assert_eq!(answer["data"]["state"], "completed", "{answer}");

    // Two processes each send a span of the verifier call.
    let names = [HTTP, VERIFY, VERIFY, "EVALSHA verify", "mint journey token"];
    let spans = collector.trace(&TRACE.to_be_bytes(), &names).await?;
    let page = only(&spans, HTTP, SpanKind::Server);
    let calls = only(&spans, VERIFY, SpanKind::Client);
    let verifies = only(&spans, VERIFY, SpanKind::Server);
    let script = only(&spans, "EVALSHA verify", SpanKind::Client);
    let mint = only(&spans, "mint journey token", SpanKind::Internal);
    assert_eq!(page.parent_span_id, PAGE.to_be_bytes());
    assert_eq!(calls.parent_span_id, page.span_id);
    assert_eq!(verifies.parent_span_id, calls.span_id);
    assert_eq!(script.parent_span_id, verifies.span_id);
    assert_eq!(mint.parent_span_id, page.span_id);
    let rpc =
        [("rpc.system.name", "grpc"), ("rpc.method", VERIFY), ("rpc.response.status_code", "OK")];
    holds(
        page,
        &[
            ("http.request.method", "POST"),
            ("http.route", "/ido/api/v2/auth/{operation}"),
            ("http.response.status_code", "200"),
            ("postern.journey.id", "temp-code-authentication"),
            ("postern.journey.outcome", "completed"),
        ],
    );
    let port = postern.at.verifier.port().to_string();
    holds(calls, &[&rpc[..], &[("server.address", "127.0.0.1"), ("server.port", &port)]].concat());
    holds(verifies, &[&rpc[..], &[("postern.action", "code.accepted")]].concat());
    holds(
        script,
        &[
            ("db.system.name", "redis"),
            ("db.operation.name", "EVALSHA"),
            ("db.stored_procedure.name", "verify"),
        ],
    );
    collector.trace(&[], &["postern.code.v1.CodeIssuerService/IssueCode"]).await?;
    let services = collector.services();
    assert!(services.iter().eq(["code-issuer", "journey-runner", "verifier"]), "{services:?}");

    for span in collector.trace(&[], &[]).await? {
        for (key, value) in attributes(&span.attributes) {
            assert!(KNOWN.contains(&key.as_str()), "{key} = {value} on {}", span.name);
        }
        assert!(span.events.is_empty(), "{span:?}");
    }
    let texts = collector.texts();
    assert!(texts.contains("code.denied") && texts.contains("wrong_code"), "{texts}");
    for secret in [&code, &wrong] {
        assert!(!texts.contains(secret.as_str()), "{secret} in {texts}");
    }
    assert!(postern.leaks(&texts).is_empty(), "{:?}", postern.leaks(&texts));
    // The log names the trace, so that one leads to the other.
    assert!(postern.printed().contains(&format!(r#""trace_id":"{TRACE:032x}""#)));
    Ok(())
}

#[tokio::test]
async fn what_a_trusted_proxy_does_not_sample_is_not_sent() -> Tested {
    let collector = Collector::start()?;
    let trusting = ["--trusted-proxies=127.0.0.0/8", "--proxy-traces=continue"];
    let postern = Postern::with_environment(&trusting, &sending_to(&collector))?;
    let unsampled = format!("00-{TRACE:032x}-{PAGE:016x}-00");
    let page = postern.get("/").header("traceparent", unsampled).send().await?;
    page.error_for_status()?;
    postern.get("/style.css").send().await?.error_for_status()?;
    let spans = collector.trace(&[], &["GET /style.css"]).await?;
    assert!(spans.iter().all(|span| span.trace_id != TRACE.to_be_bytes()), "{spans:?}");
    Ok(())
}

#[tokio::test]
async fn strangers_cannot_have_their_requests_traced_even_behind_a_trusted_proxy() -> Tested {
    const REQUESTS: usize = 500;
    let collector = Collector::start()?;
    let mut variables = sending_to(&collector);
    variables.extend([
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01".to_owned()),
    ]);
    let mut postern = Postern::with_environment(&["--trusted-proxies=127.0.0.0/8"], &variables)?;
    let (client, page) = (Client::new(), format!("http://{}/", postern.at.http));
    for request in 1..=REQUESTS {
        let sampled = format!("00-{request:032x}-{PAGE:016x}-01");
        client.get(&page).header("traceparent", sampled).send().await?.error_for_status()?;
    }
    let process = postern.process("postern");
    process.terminate()?;
    assert!(process.ends_within(Duration::from_secs(8)).await?.success());
    let spans = collector.trace(&[], &[]).await?;
    let pages: Vec<_> = spans.iter().filter(|span| span.name == "GET /").collect();
    // Five are expected. More than 25 happen in less than one of 10^10 runs.
    assert!(pages.len() <= 25, "{} of {REQUESTS} were kept", pages.len());
    for page in pages {
        assert!(page.parent_span_id.is_empty() && page.links.len() == 1, "{page:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_left_is_sent_before_the_process_ends() -> Tested {
    let collector = Collector::start()?;
    let mut variables = sending_to(&collector);
    variables.retain(|(name, _)| *name == "OTEL_EXPORTER_OTLP_ENDPOINT");
    variables.push(("OTEL_SERVICE_NAME", "recovery".to_owned()));
    let mut postern = Postern::with_environment(&[], &variables)?;
    postern.get("/").send().await?.error_for_status()?;
    let process = postern.process("postern");
    process.terminate()?;
    assert!(process.ends_within(Duration::from_secs(8)).await?.success());
    collector.trace(&[], &["GET /"]).await?;
    collector.metrics(&["http.server.request.duration"]).await?;
    assert!(collector.services().iter().eq(["recovery"]));
    Ok(())
}

#[tokio::test]
async fn a_dead_collector_holds_nothing_up() -> Tested {
    // Accepts connections, and never says a word.
    let dead = TcpListener::bind("127.0.0.1:0")?;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", dead.local_addr()?)),
        ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
    ];
    let folder = config();
    let mut postern = Postern::with_environment(&["--config", utf8(&folder)?], &variables)?;
    let user = unique("user");
    for _ in 0..20 {
        let begun = Instant::now();
        let code = postern.issue(&user).await?;
        assert_eq!(postern.verify(&user, &code).await?, Ok(()));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    let process = postern.process("postern");
    process.terminate()?;
    assert!(process.ends_within(Duration::from_secs(8)).await?.success());
    Ok(())
}

#[tokio::test]
async fn metrics_can_be_scraped_and_are_sent_and_name_no_user() -> Tested {
    let (collector, redis) = (Collector::start()?, Redis::start()?);
    let (folder, store) = (config(), redis.url());
    let peppers = TempDir::new()?;
    for name in ["locator.key", "current.pepper"] {
        fs::write(peppers.path().join(name), rand::random::<[u8; 32]>())?;
    }
    let peppers = utf8(peppers.path())?;
    let flags = ["--config", utf8(&folder)?, "--store", &store, "--peppers", peppers];
    let postern = Postern::with_environment(&flags, &sending_to(&collector))?;
    let user = unique("canary-user");
    let code = postern.issue(&user).await?;
    postern.redeem(&user, &another(&code)).await?;
    postern.redeem(&user, &code).await?;
    postern.get(&format!("/{user}")).send().await?;
    let expected = [
        r#"rpc_server_call_duration_seconds_count{rpc_method="postern.code.v1.VerifierService/VerifyCode",rpc_response_status_code="OK",rpc_system_name="grpc"} 2"#,
        r#"rpc_client_call_duration_seconds_count{rpc_method="postern.code.v1.VerifierService/VerifyCode",rpc_response_status_code="OK",rpc_system_name="grpc"} 2"#,
        r#"http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/ido/api/v2/auth/{operation}"} 2"#,
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",http_route="_OTHER"} 1"#,
        r#"db_client_operation_duration_seconds_count{db_stored_procedure_name="verify",db_system_name="redis"} 2"#,
        r#"postern_audit_events_total{postern_action="code.issued"} 1"#,
        r#"postern_audit_events_total{postern_action="code.accepted"} 1"#,
        r#"postern_audit_events_total{postern_action="code.denied",postern_denial="wrong_code"} 1"#,
        r#"postern_journey_outcomes_total{postern_journey_outcome="completed"} 1"#,
        r#"postern_journey_outcomes_total{postern_journey_outcome="rejected"} 1"#,
        r#"postern_requests_active{postern_listener="grpc"} 0"#,
        r#"postern_requests_limit{postern_listener="http"} 256"#,
        "process_open_fds ",
        r#"le="0.0005""#,
    ];
    // An rpc is measured when its answer has left, which can be after the caller has it.
    let mut scraped = String::new();
    let limit = Duration::from_secs(5);
    within(limit, "everything is measured", async || {
        let url = format!("http://{}/metrics", postern.at.admin);
        let answer = Client::new().get(url).send().await?.error_for_status()?;
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        scraped = answer.text().await?;
        Ok(expected.iter().all(|line| scraped.contains(line)))
    })
    .await?;
    assert!(postern.leaks(&scraped).is_empty(), "{:?}", postern.leaks(&scraped));
    let names =
        ["rpc.server.call.duration", "postern.audit.events", "db.client.operation.duration"];
    collector.metrics(&names).await
}

#[test]
fn what_cannot_be_sent_to_is_a_mistake() -> Tested {
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector.example:4317".to_owned())];
    let (status, printed) = run_with(&[], &variables)?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(printed.contains("OTEL_EXPORTER_OTLP_ENDPOINT: must be"), "{printed}");
    Ok(())
}
