//! The audit trail: what is in it, in which form, and how often. Every test holds the events that its
//! server wrote to `deploy/observability/audit.schema.json`; these look at what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

use crate::Tested;
use crate::harness::http::{INVOKE, TOKEN, for_user};
use crate::harness::postern::{change, config, copy_of_config, utf8};
use crate::harness::trail::{actions, events, unforeseen};
use crate::harness::*;

const SOON: Duration = Duration::from_secs(10);
const ACME: &str = "applications/acme.yaml";

/// The only event of an action.
fn only(postern: &Postern, action: &str) -> Value {
    let mut found = postern.trail(action);
    assert_eq!(found.len(), 1, "{action}: {found:#?}");
    found.remove(0)
}

/// How often each action is in the trail.
fn counts(postern: &Postern) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events(&postern.printed()) {
        *counts.entry(event["action"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    counts.remove("configuration.loaded");
    counts
}

fn presenting(id: &'static str, secret: &'static str) -> [(&'static str, &'static str); 3] {
    [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)]
}

/// Guesses wrong three times: the code is burned, and the user locked.
async fn lock(postern: &Postern, user: &str) -> Tested {
    let code = postern.issue(user).await?;
    for _ in 0..3 {
        assert!(postern.verify(user, &another(&code)).await?.is_err());
    }
    Ok(())
}

#[tokio::test]
async fn each_effect_is_one_event() -> Tested {
    let postern = Postern::start()?;
    let (jane, joe) = (unique("jane"), unique("joe"));
    let code = postern.issue(&jane).await?;
    assert_eq!(postern.verify(&jane, &code).await?, Ok(()));
    lock(&postern, &joe).await?;
    let request =
        IssueCodeRequest { user: user_id(&joe), override_lockout: true, ..Default::default() };
    let issued = postern.issuer("acme-override").await?.issue_code(request).await?.into_inner();
    postern.keep_secret(&issued.code);
    let clear = ClearLockoutRequest { user: user_id(&joe), ..Default::default() };
    lock(&postern, &joe).await?;
    postern.verifier("acme-support").await?.clear_lockout(clear).await?;
    let expected = [
        ("code.accepted", 1),
        ("code.burned", 2),
        ("code.denied", 6),
        ("code.issued", 4),
        ("lock.overridden", 1),
        ("lockout.cleared", 1),
        ("user.locked", 2),
    ];
    let expected = expected.map(|(action, count)| (action.to_owned(), count));
    assert_eq!(counts(&postern), BTreeMap::from(expected));
    Ok(())
}

#[tokio::test]
async fn a_refused_issue_and_every_look_say_who_and_why() -> Tested {
    let postern = Postern::start()?;
    let jane = unique("jane");
    lock(&postern, &jane).await?;
    let context = IssueContext { agent_id: "agent-7".to_owned(), ..Default::default() };
    let request =
        IssueCodeRequest { user: user_id(&jane), context: Some(context), ..Default::default() };
    let mut issuer = postern.issuer("acme-support").await?;
    let refused = issuer.issue_code(request).await.expect_err("the user is locked");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let event = only(&postern, "issue.refused");
    assert_eq!((&event["refusal"], &event["agent_id"]), (&json!("locked"), &json!("agent-7")));

    let user = user_id(&jane);
    let described = issuer.describe_code(DescribeCodeRequest { user: user.clone() }).await?;
    let event = only(&postern, "code.described");
    assert_eq!(event["code_id"], json!(described.into_inner().code_id));
    assert_eq!(event["client"], "acme-support");
    let mut verifier = postern.verifier("acme-support").await?;
    verifier.describe_lockout(DescribeLockoutRequest { user }).await?;
    let looked = only(&postern, "lockout.described");
    assert_eq!(looked["subject"], event["subject"], "one user has one name in the trail");
    Ok(())
}

#[tokio::test]
async fn a_revocation_says_who_revoked_and_why() -> Tested {
    let postern = Postern::start()?;
    let jane = unique("jane");
    postern.issue(&jane).await?;
    let mut issuer = postern.issuer("acme-support").await?;
    let revoke = |agent: &str| RevokeCodeRequest {
        target: user_id(&jane).map(revoke_code_request::Target::User),
        agent_id: agent.to_owned(),
        reason: "reported \u{2028}by phone".to_owned(),
        ticket_ref: "T-1".to_owned(),
        ..Default::default()
    };
    malformed(issuer.revoke_code(revoke("a\r\n\u{1b}[2J")).await, &["agent_id"]);
    issuer.revoke_code(revoke("agent-7")).await?;
    let event = only(&postern, "code.revoked");
    for (field, value) in
        [("agent_id", "agent-7"), ("reason", "reported \u{2028}by phone"), ("ticket_ref", "T-1")]
    {
        assert_eq!(event[field], value);
    }
    Ok(())
}

#[tokio::test]
async fn clients_that_fail_to_prove_themselves_and_scopes_that_are_denied_are_in_the_trail()
-> Tested {
    let postern = Postern::start()?;
    let stray = "made-up\r\n{\"target\":\"audit\"}\u{1b}[31m";
    for id in ["acme-support", stray] {
        let refused = postern.post(TOKEN).form(&presenting(id, "wrong")).send().await?;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    let refused = postern.trail("client.refused");
    let told: Vec<_> =
        refused.iter().map(|it| (it["client"].clone(), it["refusal"].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("acme-support"), json!("wrong_secret")),
            (json!("(unknown)"), json!("unknown_client")),
        ]
    );
    assert!(!postern.printed().contains("made-up"), "what a stranger wrote is in the log");

    let describe = DescribeCodeRequest { user: user_id("jane") };
    let denied = postern.issuer("acme-verifier").await?.describe_code(describe).await;
    assert_eq!(denied.expect_err("it has no such scope").code(), Code::PermissionDenied);
    let sent = postern.otp_send("acme-verifier", &for_user("jane")).await?;
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    let denied: Vec<_> = postern
        .trail("scope.denied")
        .iter()
        .map(|event| (event["client"].clone(), event["scope"].clone()))
        .collect();
    let of_verifier = |scope| (json!("acme-verifier"), json!(scope));
    assert_eq!(denied, [of_verifier("codes:read"), of_verifier("codes:issue")]);
    Ok(())
}

/// The sources of two attempts from one address and one from another, and of a wrong secret from the
/// first.
async fn sources(more: &[&str]) -> anyhow::Result<Vec<Value>> {
    let configuration = config();
    let flags = ["--config", utf8(&configuration)?, "--trusted-proxies", "127.0.0.1"];
    let postern = Postern::with(&[&flags[..], more].concat())?;
    for from in ["192.0.2.1", "192.0.2.1", "2001:db8:0:1::7"] {
        let params = json!({"external_user_id": unique("jane"), "temp_code": "123456789012"});
        let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
        let path = format!("{INVOKE}?clientId=acme-web");
        let request = postern.post(&path).header("x-forwarded-for", from);
        request.json(&json!({"headers": [], "data": data})).send().await?.error_for_status()?;
    }
    let secret = postern.post(TOKEN).header("x-forwarded-for", "192.0.2.1");
    secret.form(&presenting("acme-support", "wrong")).send().await?;
    let events = [postern.trail("code.denied"), postern.trail("client.refused")].concat();
    Ok(events.into_iter().map(|event| event["source"].clone()).collect())
}

#[tokio::test]
async fn every_public_attempt_has_its_source_hashed_unless_told_otherwise() -> Tested {
    let hashed = sources(&[]).await?;
    assert_eq!(hashed.len(), 4, "{hashed:?}");
    assert_eq!(hashed[0], hashed[1]);
    assert_eq!(hashed[0], hashed[3]);
    assert_ne!(hashed[0], hashed[2]);
    for source in &hashed {
        let source = source.as_str().expect("a source");
        assert!(!source.contains("192.0.2") && !source.contains("2001"), "{source}");
    }
    let plain = sources(&["--audit-addresses", "plain"]).await?;
    assert_eq!(plain, ["192.0.2.1", "192.0.2.1", "2001:db8::", "192.0.2.1"]);
    Ok(())
}

#[tokio::test]
async fn a_reload_and_a_refused_one_are_in_the_trail() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    within(SOON, "the first", async || Ok(!postern.trail("configuration.loaded").is_empty()))
        .await?;
    let loaded = only(&postern, "configuration.loaded")["fingerprint"].clone();
    change(&folder, ACME, "length: 12", "length: 80")?;
    let refused = async || Ok(!postern.trail("configuration.refused").is_empty());
    within(SOON, "the mistake is in the trail", refused).await?;
    let refused = only(&postern, "configuration.refused");
    assert_eq!(refused["fingerprint"], loaded, "what served goes on");
    assert!(refused["changes"].as_str().expect("a place").starts_with(&format!("{ACME}:")));

    let hash = "8aa0f733cc5abfccabfd934eef7c107b1300709c21ef40cec8ddef0ec6793f8c";
    change(&folder, ACME, hash, &hash.chars().rev().collect::<String>())?;
    change(&folder, ACME, "[codes:issue, lockouts:override]", "[codes:issue]")?;
    change(&folder, ACME, "length: 80", "length: 10")?;
    let changed = async || Ok(!postern.trail("configuration.changed").is_empty());
    within(SOON, "the change is in the trail", changed).await?;
    let changed = only(&postern, "configuration.changed");
    assert_ne!(changed["fingerprint"], loaded);
    let told: BTreeSet<_> = changed["changes"].as_str().expect("changes").split("; ").collect();
    let expected = [
        "application acme: temp_code",
        "client acme-override: scopes",
        "client acme-support: secret",
    ];
    assert_eq!(told, BTreeSet::from(expected));
    Ok(())
}

#[test]
fn the_schema_knows_every_action_and_refuses_what_it_does_not_know() {
    let actions = actions();
    assert_eq!(actions.len(), actions.iter().collect::<BTreeSet<_>>().len(), "{actions:?}");
    assert!(actions.len() >= 17, "{actions:?}");
    let line = |more: Value| {
        let mut line = json!({
            "timestamp": "2026-01-31T08:30:00.000000Z", "level": "INFO", "target": "audit",
            "at": "2026-01-31T08:30:00.000Z", "action": "scope.denied",
            "application": "acme", "client": "acme-web", "scope": "codes:read",
        });
        for (name, value) in more.as_object().expect("an object") {
            line[name] = value.clone();
        }
        line.to_string()
    };
    assert!(unforeseen(&line(json!({}))).is_empty());
    for wrong in [json!({"action": "made.up"}), json!({"scope": 7}), json!({"code": "123456"})] {
        assert_eq!(unforeseen(&line(wrong.clone())).len(), 1, "{wrong}");
    }
}
