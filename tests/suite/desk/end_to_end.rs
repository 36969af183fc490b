//! What a desk tells: one trace from an agent's token to the redemption of a code, and no code anywhere.

use std::collections::BTreeSet;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::RequestBuilder;

use super::*;
use crate::harness::apart::Deployment;
use crate::harness::collector::Collector;
use crate::harness::http::{INVOKE, OTP_SEND, TOKEN};
use crate::harness::pb::desk::v1::DecideRequestRequest;
use crate::harness::process::Variable;
use crate::harness::provider::{EXCHANGE, ID_TOKEN};

const SOON: Duration = Duration::from_secs(90);

/// The trace that a desk's backend begins, and the span of it that sends the requests.
const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const BACKEND: u64 = 0x00f0_67aa_0ba9_02b7;

/// Every rule, with limits that are not reached.
const POLICY: &str = "desk:
  agent: verified
  require: [reason, ticket_ref, verification_method]
  ticket: { pattern: 'INC[0-9]{7}', once: true }
  limits: { agent_per_hour: 1000, group_per_hour: 1000, user_per_day: 10 }
  approval: { tiers: [privileged], above_limits: true }
";

fn sending_to(collector: &Collector) -> Vec<Variable> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.at)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100000".to_owned()),
        // The tests stand for a proxy that is trusted to begin traces.
        ("POSTERN_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ("POSTERN_PROXY_TRACES", "continue".to_owned()),
    ]
}

/// The answer to a request of the trace.
async fn traced(request: RequestBuilder) -> anyhow::Result<Value> {
    let parent = format!("00-{TRACE:032x}-{BACKEND:016x}-01");
    let answer = request.header("traceparent", parent).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

#[tokio::test]
async fn one_trace_leads_from_an_agents_token_to_the_redemption() -> Tested {
    let (collector, (folder, _receiver)) = (Collector::start()?, notified(POLICY, "").await?);
    let deployment = Deployment::of(folder.folder.path())?;
    let postern = deployment.with_environment(&sending_to(&collector)).replica()?;
    let claims = json!({"sub": "agent-1", "roles": ["helpdesk"], "employee_id": "e-1"});
    let form = [
        ("grant_type", EXCHANGE),
        ("client_id", "acme-console"),
        ("client_secret", "acme-console-secret"),
        ("subject_token_type", ID_TOKEN),
        ("subject_token", &folder.provider.id_token(&claims)?),
    ];
    let agent = traced(postern.post(TOKEN).form(&form)).await?;
    let agent = agent["access_token"].as_str().expect("a token").to_owned();
    postern.keep_secret(&agent);
    let body = json!({
        "channel": "direct", "identifier_type": "user_id", "identifier": "u-1",
        "reason": "lost phone", "ticket_ref": "INC0000001", "verification_method": "video",
    });
    let sent = traced(postern.post(OTP_SEND).bearer_auth(&agent).json(&body)).await?;
    let code = sent["code"].as_str().expect("a code").to_owned();
    postern.keep_secret(&code);
    let params = json!({"external_user_id": "u-1", "temp_code": code});
    let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
    let page = reqwest::Client::new();
    let page = page.post(format!("http://{}{INVOKE}?clientId=acme-web", postern.at.pages));
    let redeemed = traced(page.json(&json!({"headers": [], "data": data}))).await?;
    assert_eq!(redeemed["data"]["state"], "completed", "{redeemed}");

    let edges =
        ["POST /oidc/token", "POST /cis/v1/auth/otp/send", "POST /ido/api/v2/auth/{operation}"];
    // The issue is checked, admitted, carried out and told; so is the redemption.
    let scripts = ["issue", "desk_admit", "issue", "notice_write", "verify", "notice_write"];
    let scripts = scripts.map(|script| format!("EVALSHA {script}"));
    let names: Vec<_> = edges.into_iter().chain(scripts.iter().map(String::as_str)).collect();
    let spans = collector.trace(&TRACE.to_be_bytes(), &names).await?;
    for edge in edges {
        let served = spans.iter().find(|it| it.name == edge && it.kind() == SpanKind::Server);
        let served = served.expect("the trace has it");
        assert_eq!(served.parent_span_id, BACKEND.to_be_bytes(), "{edge}");
    }
    let known: BTreeSet<_> = spans.iter().map(|it| it.span_id.clone()).collect();
    for span in &spans {
        let is_child = known.contains(&span.parent_span_id);
        assert!(is_child || edges.contains(&span.name.as_str()), "{} hangs loose", span.name);
    }
    // The audit trail names the trace.
    for action in ["code.issued", "code.accepted"] {
        let told = &postern.trail(action)[0];
        assert_eq!(told["trace_id"], format!("{TRACE:032x}"), "{told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_codes_are_in_no_notice_outbox_trail_or_span() -> Tested {
    let (collector, (folder, receiver)) = (Collector::start()?, notified(POLICY, "").await?);
    let deployment = Deployment::of(folder.folder.path())?;
    let deployment = deployment.with_environment(&sending_to(&collector));
    let postern = deployment.replica()?;
    let agent = folder.agent(&postern, "agent-1", "helpdesk").await?;
    let lead = folder.agent(&postern, "lead-1", "lead").await?;
    let keyed = |user: &str, ticket: usize| IssueCodeRequest {
        idempotency_key: format!("canary-{ticket}"),
        ..issue(user, ticket)
    };
    let canaries = asked("POSTERN_CANARIES", 200).min(1000);
    let mut codes = Vec::new();
    for number in 0..canaries {
        let user = format!("u-{}", number % USERS);
        codes.push((user.clone(), send(&postern, &agent, keyed(&user, number)).await?.code));
    }
    let waits = send(&postern, &agent, keyed(BOSS, canaries)).await?.pending.expect("it waits");
    let request_id = waits.request_id;
    let decision = DecideRequestRequest {
        request_id: request_id.clone(),
        approve: true,
        ..Default::default()
    };
    postern.desk_with(Some(lead)).decide_request(decision).await?;
    let collecting = IssueCodeRequest { request_id, ..keyed(BOSS, canaries) };
    codes.push((BOSS.to_owned(), send(&postern, &agent, collecting).await?.code));
    for (user, code) in codes.iter().rev().take(20) {
        assert_eq!(postern.verify(user, code).await?, Ok(()));
    }
    // Of each issue and redemption, and of the request for approval.
    let expected = codes.len() + 20 + 1;
    within(SOON, "all is told", async || {
        let ids: BTreeSet<_> = receiver.taken().into_iter().map(|it| it.id).collect();
        Ok(ids.len() == expected)
    })
    .await?;
    let notices: Vec<_> = receiver.received().into_iter().map(|it| it.request).collect();
    collector.trace(&[], &["EVALSHA desk_admit"]).await?;
    let outbox = deployment.redis.all_that_it_was_told()?;
    assert!(outbox.contains("msg_") && postern.printed().contains("code.accepted"));
    for text in [notices.join("\n"), outbox, collector.texts(), postern.printed()] {
        assert_eq!(postern.leaks(&text), [] as [String; 0]);
    }
    Ok(())
}
