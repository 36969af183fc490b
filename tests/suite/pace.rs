//! Rate limits: a client that is too fast is told to wait, and only its own requests count.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::http::{ASSERT, INVOKE, TOKEN, for_user};
use crate::harness::pages::{id, submission};
use crate::harness::pb::journey::{ListJourneysRequest, StartJourneyRequest, SubmitInputRequest};
use crate::harness::postern::{change, config, copy_of_config};
use crate::harness::*;

/// Starts a journey that then waits, through a proxy that notes `noted` as the source address.
async fn start(postern: &Postern, user: &str, noted: &str) -> anyhow::Result<Response> {
    let params = json!({"external_user_id": user, "temp_code": "123456123456"});
    let data = json!({"policy_request_id": "temp-code-form", "params": params});
    let path = format!("{INVOKE}?clientId=acme-web");
    let call = postern.post(&path).header("x-forwarded-for", noted);
    Ok(call.json(&json!({"headers": [], "data": data})).send().await?)
}

fn serving(flags: &[&str]) -> anyhow::Result<Postern> {
    let config = config();
    let folder = ["--config", config.to_str().expect("a path in UTF-8")];
    Postern::with(&[&folder, flags].concat())
}

#[tokio::test]
async fn one_source_starts_a_limited_number_of_journeys_a_minute_for_all_users() -> Tested {
    let postern = serving(&["--starts-per-minute=5", "--trusted-proxies=127.0.0.0/8"])?;
    let known = unique("jane");
    postern.issue(&known).await?;
    for _ in 0..5 {
        assert_eq!(start(&postern, &known, "192.0.2.1").await?.status(), StatusCode::OK);
    }
    let mut refused = Vec::new();
    for user in [known.as_str(), &unique("unknown")] {
        let answer = start(&postern, user, "203.0.113.9, 192.0.2.1").await?;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
        assert!((1..=60).contains(&wait), "{wait}");
        refused.push(answer.text().await?);
    }
    assert_eq!(refused[0].len(), refused[1].len());
    assert!(refused[0].contains("too many requests: try again later"), "{}", refused[0]);
    // Another source is not affected.
    assert_eq!(start(&postern, &known, "192.0.2.2").await?.status(), StatusCode::OK);
    Ok(())
}

/// Guesses in forms, with a new form for every three guesses. Returns the number that were
/// verified.
async fn guesses(postern: &Postern, noted: &str, guesses: usize) -> anyhow::Result<usize> {
    let mut verified = 0;
    let mut form: Option<(Value, Value)> = None;
    for guess in 0..guesses {
        if guess % 3 == 0 {
            let started = start(postern, &unique("ada"), noted).await?;
            let started: Option<Value> = match started.status() {
                StatusCode::OK => Some(started.json().await?),
                _ => None,
            };
            form = started.map(|started| (started.clone(), started));
        }
        let Some((first, pending)) = form.take() else { continue };
        let input = json!({"external_user_id": "ada", "temp_code": "123456123456"});
        let body = submission(&first, &pending, &json!({"assert": "action", "input": input}));
        let query = format!("clientId=acme-web&sid={}", id(&first, "session_id"));
        let call = postern.post(&format!("{ASSERT}?{query}")).header("x-forwarded-for", noted);
        let answer = call.json(&body).send().await?;
        if answer.status() == StatusCode::OK {
            verified += 1;
            form = Some((first, answer.json().await?));
        }
    }
    Ok(verified)
}

#[tokio::test]
async fn guesses_count_towards_the_limit_on_starts() -> Tested {
    let postern = serving(&["--starts-per-minute=5", "--trusted-proxies=127.0.0.0/8"])?;
    let verified = guesses(&postern, "192.0.2.1", 15).await?;
    assert!((1..5).contains(&verified), "{verified} of 15 guesses were verified");
    // Another source has its own limit.
    let newcomer = guesses(&postern, "192.0.2.2", 15).await?;
    assert_eq!(newcomer, verified);
    Ok(())
}

#[tokio::test]
async fn clients_behind_a_proxy_that_notes_ports_are_separate_sources() -> Tested {
    let proxied = ["--starts-per-minute=2", "--trusted-proxies=127.0.0.0/8"];
    let postern = serving(&proxied)?;
    for (noted, status) in [
        ("203.0.113.3:5000", StatusCode::OK),
        ("203.0.113.3:5001", StatusCode::OK),
        ("203.0.113.3:5002", StatusCode::TOO_MANY_REQUESTS),
        ("203.0.113.4:5000", StatusCode::OK),
        ("[2001:db8::1]:443", StatusCode::OK),
        ("[2001:db8::2]:443", StatusCode::OK),
        ("2001:db8::3", StatusCode::TOO_MANY_REQUESTS),
        // Both count as the proxy itself, which still has its whole limit.
        ("unknown", StatusCode::OK),
        ("nonsense", StatusCode::OK),
    ] {
        assert_eq!(start(&postern, "ada", noted).await?.status(), status, "{noted}");
    }
    let metrics = postern.metrics().await?;
    for why in ["hidden", "unreadable"] {
        let counted =
            format!("postern_http_forwarded_unusable_total{{postern_forwarded_entry=\"{why}\"}} 1");
        assert!(metrics.contains(&counted), "{metrics}");
    }
    assert_eq!(postern.printed().matches("a trusted proxy names no address").count(), 1);
    Ok(())
}

#[tokio::test]
async fn all_sources_share_the_limit_of_an_application() -> Tested {
    let total = "--application-starts-per-minute=8";
    let postern = serving(&[total, "--starts-per-minute=5", "--trusted-proxies=127.0.0.0/8"])?;
    let mut passed = 0;
    for source in 0..20 {
        let answer = start(&postern, "ada", &format!("2001:db8:0:{source}::1")).await?;
        passed += usize::from(answer.status() == StatusCode::OK);
    }
    assert_eq!(passed, 8);
    let metrics = postern.metrics().await?;
    let refused = "postern_journey_refusals_total{postern_limit=\"application\"} 12";
    assert!(metrics.contains(refused), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn without_a_trusted_proxy_no_client_can_forge_its_source() -> Tested {
    let postern = serving(&["--starts-per-minute=3"])?;
    let mut last = StatusCode::OK;
    for number in 0..4 {
        last = start(&postern, "jane", &format!("192.0.2.{number}")).await?.status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

#[tokio::test]
async fn a_client_issues_a_limited_number_of_codes_a_minute_over_both_protocols() -> Tested {
    let folder = copy_of_config()?;
    let line = "scopes: [codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]";
    let limited = format!("{line}\n    issues_per_minute: 4");
    change(&folder, "applications/acme.yaml", line, &limited)?;
    let postern = Postern::serving(folder.path())?;
    let mut issuer = postern.issuer("acme-support").await?;
    let issue = || IssueCodeRequest { user: user_id(&unique("jane")), ..Default::default() };
    for _ in 0..3 {
        issuer.issue_code(issue()).await?;
    }
    let sent = postern.otp_send("acme-support", &for_user(&unique("joe"))).await?;
    assert_eq!(sent.status(), StatusCode::OK);

    let refused = issuer.issue_code(issue()).await.expect_err("the fifth");
    let retry = refused.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|wait| wait <= Duration::from_secs(60)), "{retry:?}");
    refusal::<()>(Err(refused), Code::ResourceExhausted, "RATE_LIMITED");
    let sent = postern.otp_send("acme-support", &for_user(&unique("joe"))).await?;
    assert_eq!(sent.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(sent.headers().contains_key("retry-after"));

    // Calls that issue no code are not limited, and neither are other clients.
    issuer.describe_code(DescribeCodeRequest { user: user_id("jane") }).await?;
    postern.issuer("acme-override").await?.issue_code(issue()).await?;
    Ok(())
}

/// Asks until it is refused: how often it was answered before.
async fn answered_before_a_refusal<T>(
    mut call: impl AsyncFnMut() -> Result<T, tonic::Status>,
) -> usize {
    for answered in 0..20 {
        let Err(status) = call().await else { continue };
        if status.code() == Code::ResourceExhausted {
            let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
            assert!(retry.is_some_and(|wait| wait <= Duration::from_secs(60)), "{retry:?}");
            return answered;
        }
    }
    panic!("it is never refused")
}

/// Every rpc that changes something has a rate, also where the call itself is refused.
#[tokio::test]
async fn every_client_has_a_rate_for_each_kind_of_change() -> Tested {
    let folder = copy_of_config()?;
    let slow = |scopes: &str, rate: &str| {
        let limited = format!("scopes: {scopes}\n    {rate}");
        change(&folder, "applications/acme.yaml", &format!("scopes: {scopes}\n"), &(limited + "\n"))
    };
    slow(
        "[codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]",
        "changes_per_minute: 4\n    reads_per_minute: 4",
    )?;
    slow("[codes:verify]", "verifications_per_minute: 4")?;
    slow("[journeys:run, journeys:read]", "verifications_per_minute: 4")?;
    let postern = Postern::serving(folder.path())?;

    let mut issuer = postern.issuer("acme-support").await?;
    let mut lockouts = postern.verifier("acme-support").await?;
    let target = || user_id("jane").map(revoke_code_request::Target::User);
    let revoke = || RevokeCodeRequest { target: target(), ..Default::default() };
    issuer.revoke_code(revoke()).await?;
    issuer.revoke_code(revoke()).await?;
    let clear = || ClearLockoutRequest { user: user_id("jane"), ..Default::default() };
    let cleared = answered_before_a_refusal(async || lockouts.clear_lockout(clear()).await).await;
    assert_eq!(cleared, 2, "two were revocations");
    let revoked = answered_before_a_refusal(async || issuer.revoke_code(revoke()).await).await;
    assert_eq!(revoked, 0);
    issuer.issue_code(IssueCodeRequest { user: user_id("jane"), ..Default::default() }).await?;

    let describe = || DescribeLockoutRequest { user: user_id("jane") };
    let described =
        answered_before_a_refusal(async || lockouts.describe_lockout(describe()).await).await;
    assert_eq!(described, 4);

    let mut verifier = postern.verifier("acme-plain-verifier").await?;
    let guess = || VerifyCodeRequest { user: user_id("jane"), ..Default::default() };
    let malformed = answered_before_a_refusal(async || verifier.verify_code(guess()).await).await;
    assert_eq!(malformed, 4, "what is malformed counts as well");
    let other = postern.verify(&unique("joe"), "123456123456").await?;
    assert_eq!(other, Err(RejectionReason::NoCode), "another client is not slowed down");

    let mut runner = postern.runner("acme-backend").await?;
    let form =
        || StartJourneyRequest { journey_id: "temp-code-form".to_owned(), ..Default::default() };
    let started = answered_before_a_refusal(async || runner.start_journey(form()).await).await;
    assert_eq!(started, 4);
    let submission = SubmitInputRequest::default();
    let submitted = runner.submit_input(submission).await;
    refusal(submitted, Code::ResourceExhausted, "RATE_LIMITED");
    runner.list_journeys(ListJourneysRequest {}).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_fetches_a_token_for_every_call_is_rate_limited() -> Tested {
    let postern = Postern::start()?;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "acme-support"),
        ("client_secret", "acme-support-secret"),
    ];
    let mut given = 0;
    let refused = loop {
        let answer = postern.post(TOKEN).form(&form).send().await?;
        if answer.status() != StatusCode::OK || given > 1000 {
            break answer;
        }
        given += 1;
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "after {given}");
    assert!(given >= 600 && refused.headers().contains_key("retry-after"), "after {given}");
    // Another client is not affected.
    postern.token("acme-override").await?;
    Ok(())
}
