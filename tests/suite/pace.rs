//! Whoever goes too fast is told to wait, and by nothing but what they did themselves.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::http::{INVOKE, TOKEN, for_user};
use crate::harness::postern::{change, config, copy_of_config};
use crate::harness::*;

/// Starts a journey, which waits then, as a page behind a proxy does: it notes where it was called
/// from.
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
async fn one_source_starts_so_many_journeys_a_minute_whoever_they_are_for() -> Tested {
    let postern = serving(&["--starts-per-minute=5", "--trusted-proxies=127.0.0.0/8"])?;
    let known = unique("jane");
    postern.issue(&known).await?;
    for _ in 0..5 {
        assert_eq!(start(&postern, &known, "192.0.2.1").await?.status(), StatusCode::OK);
    }
    let mut refused = Vec::new();
    for user in [known.as_str(), &unique("nobody")] {
        let answer = start(&postern, user, "203.0.113.9, 192.0.2.1").await?;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
        assert!((1..=60).contains(&wait), "{wait}");
        refused.push(answer.text().await?);
    }
    assert_eq!(refused[0].len(), refused[1].len());
    assert!(refused[0].contains("too many requests: try again later"), "{}", refused[0]);
    // Another source is none of its business.
    assert_eq!(start(&postern, &known, "192.0.2.2").await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn nobody_passes_for_another_source_without_a_trusted_proxy() -> Tested {
    let postern = serving(&["--starts-per-minute=3"])?;
    let mut last = StatusCode::OK;
    for number in 0..4 {
        last = start(&postern, "jane", &format!("192.0.2.{number}")).await?.status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

#[tokio::test]
async fn a_client_issues_so_many_codes_a_minute_over_both_protocols() -> Tested {
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

    // What costs no code goes on, and so does every other client.
    issuer.describe_code(DescribeCodeRequest { user: user_id("jane") }).await?;
    postern.issuer("acme-override").await?.issue_code(issue()).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_fetches_a_token_for_every_call_is_slowed_down() -> Tested {
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
    // Another client is not.
    postern.token("acme-override").await?;
    Ok(())
}
