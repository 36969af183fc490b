//! The links of notices: a user who did not ask for a code ends it, and all that came of it.

use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use reqwest::{RequestBuilder, StatusCode};

use super::*;
use crate::forgery::Forge;
use crate::harness::apart::Deployment;
use crate::harness::keys::{self, SigningKey, signed_with_secret, unsigned};
use crate::harness::pb::desk::v1::LiftRepudiationRequest;
use crate::harness::receiver::Receiver;

const NOT_ME: &str = "/not-me";
const SOON: std::time::Duration = std::time::Duration::from_secs(30);

/// The token of the link in the notice of that event about that user.
async fn link(
    postern: &Postern,
    receiver: &Receiver,
    event: &str,
    user: &str,
) -> anyhow::Result<String> {
    let mut url = String::new();
    within(SOON, "the user is told", async || {
        let taken = receiver.taken();
        let notice = taken.iter().rev().find(|it| it.event() == event && it.user() == user);
        if let Some(notice) = notice {
            let link = &notice.body["data"]["not_me_url"];
            link.as_str().unwrap_or_default().clone_into(&mut url);
        }
        Ok(notice.is_some())
    })
    .await?;
    let (_, token) = url.split_once("/not-me?t=").expect("a link");
    postern.keep_secret(token);
    Ok(token.to_owned())
}

/// The answer's status and text. No cache may keep it, and no page may frame it.
async fn answer(request: RequestBuilder) -> anyhow::Result<(StatusCode, String)> {
    let answer = request.send().await?;
    let header = |name| answer.headers().get(&name).map(|it| it.to_str().unwrap_or_default());
    assert_eq!(header(CACHE_CONTROL), Some("no-store"));
    assert_eq!(header(REFERRER_POLICY), Some("no-referrer"));
    let policy = header(CONTENT_SECURITY_POLICY).unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    Ok((answer.status(), answer.text().await?))
}

async fn open(postern: &Postern, token: &str) -> anyhow::Result<(StatusCode, String)> {
    answer(postern.get(&format!("{NOT_ME}?t={token}"))).await
}

async fn press(postern: &Postern, token: &str) -> anyhow::Result<(StatusCode, String)> {
    answer(postern.post(NOT_ME).form(&[("t", token)])).await
}

async fn is_active(postern: &Postern, token: &str) -> anyhow::Result<bool> {
    let client = postern.token("acme-console").await?;
    let answer: Value = postern.introspect(&client, token).await?.json().await?;
    Ok(answer["data"]["active"] == json!(true))
}

fn for_boss() -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(BOSS), ..Default::default() }
}

/// An impostor has an agent recover an administrator. The administrator is told, and answers.
#[tokio::test]
async fn a_user_who_was_recovered_by_an_impostor_ends_it() -> Tested {
    let (folder, receiver) = notifying("").await?;
    let postern = Postern::serving(folder.folder.path())?;
    let agent = folder.agent(&postern, "agent-1", "helpdesk").await?;
    let lead = folder.agent(&postern, "lead-1", "lead").await?;
    let code = send(&postern, &agent, for_boss()).await?.code;
    let (state, redeemed) = postern.redeem(BOSS, &code).await?;
    assert_eq!(state, "completed");
    let token = redeemed["data"]["token"].as_str().expect("a token").to_owned();
    let link = link(&postern, &receiver, "code.redeemed", BOSS).await?;

    // Programs that scan mail open the link, too.
    for _ in 0..3 {
        let (status, page) = open(&postern, &link).await?;
        assert_eq!(status, 200);
        assert!(page.contains("Was this not you?") && page.contains("Acme"), "{page}");
    }
    let next = send(&postern, &agent, for_boss()).await?.code;
    assert!(is_active(&postern, &token).await?, "opening it changes nothing");

    let done = press(&postern, &link).await?;
    assert!(done.0 == 200 && done.1.contains("Thank you for telling us"), "{done:?}");
    assert!(!is_active(&postern, &token).await?);
    assert_eq!(postern.redeem(BOSS, &next).await?.0, "rejected");
    let status = send(&postern, &agent, for_boss()).await.expect_err("blocked");
    assert_eq!(told(&status).1, "USER_BLOCKED");
    let metric = "postern_audit_events_total{postern_action=\"code.repudiated\"";
    assert_eq!(postern.metric(metric).await?, 1, "the alert fires");
    assert_eq!(postern.trail("code.repudiated")[0]["client"], "not-me-link");
    within(SOON, "the company is told", async || {
        Ok(receiver.taken().iter().any(|it| it.event() == "code.repudiated"))
    })
    .await?;

    assert_eq!(press(&postern, &link).await?, done, "pressed twice");
    let lift = LiftRepudiationRequest { user: user_id(BOSS), ..Default::default() };
    let lifted = postern.desk_with(Some(lead)).lift_repudiation(lift).await?;
    assert!(lifted.into_inner().lifted);
    assert_eq!(press(&postern, &link).await?, done, "pressed after a lift");
    let last = send(&postern, &agent, for_boss()).await?.code;
    assert_eq!(postern.redeem(BOSS, &last).await?.0, "completed");
    Ok(())
}

/// For 24 hours after a lift, a link ends its code and does not block the user.
#[tokio::test]
async fn a_link_after_a_lift_ends_its_code_without_a_block() -> Tested {
    let (folder, receiver) = notifying("").await?;
    let postern = Postern::serving(folder.folder.path())?;
    let agent = folder.agent(&postern, "agent-1", "helpdesk").await?;
    let lead = folder.agent(&postern, "lead-1", "lead").await?;
    let request = |user: &str| IssueCodeRequest { user: user_id(user), ..Default::default() };
    send(&postern, &agent, request("u-1")).await?;
    let first = link(&postern, &receiver, "code.issued", "u-1").await?;
    press(&postern, &first).await?;
    let lift = LiftRepudiationRequest { user: user_id("u-1"), ..Default::default() };
    postern.desk_with(Some(lead)).lift_repudiation(lift).await?;
    let taken = receiver.taken().len();
    let code = send(&postern, &agent, request("u-1")).await?.code;
    within(SOON, "the user is told again", async || Ok(receiver.taken().len() > taken)).await?;
    let second = link(&postern, &receiver, "code.issued", "u-1").await?;
    press(&postern, &second).await?;
    assert_eq!(postern.redeem("u-1", &code).await?.0, "rejected");
    let code = send(&postern, &agent, request("u-1")).await?.code;
    assert_eq!(postern.redeem("u-1", &code).await?.0, "completed");
    Ok(())
}

#[tokio::test]
async fn every_link_that_is_not_ours_gets_the_same_answer_and_changes_nothing() -> Tested {
    let forge = Forge::start().await?;
    let postern = &forge.postern;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let describe = DescribeCodeRequest { user: user_id(&user) };
    let mut issuer = postern.issuer("acme-desk").await?;
    let code_id = issuer.describe_code(describe).await?.into_inner().code_id;
    let (plain, old) = (json!({}), now() - 605_000);
    let of_code = json!({ "code_id": code_id });
    let (header, claims) = forge.parts_of_link(&plain, &of_code);
    let with_claims = |changes: &Value| {
        let mut all = of_code.clone();
        // A claim that is null is left out.
        all.as_object_mut().expect("claims").extend(changes.as_object().expect("claims").clone());
        all
    };
    let mut forged = vec![
        String::new(),
        "a.b.c".to_owned(),
        SigningKey::generate()?.sign(&header, &claims)?,
        unsigned(&keys::with(header.clone(), &json!({"alg": "none"})), &claims),
        signed_with_secret(
            postern.get("/.well-known/jwks.json").send().await?.text().await?.as_bytes(),
            &keys::with(header, &json!({"alg": "HS256"})),
            &claims,
        )?,
        postern.token("acme-desk").await?,
    ];
    for typ in ["at+jwt", "JWT", "service+jwt", "user-at+jwt", "journey+jwt"] {
        forged.push(forge.link(&json!({ "typ": typ }), &of_code)?);
    }
    for changes in [
        json!({"aud": "urn:postern:services"}),
        json!({"aud": "urn:postern:verifier"}),
        json!({"iss": "https://elsewhere.example"}),
        json!({"iat": old, "exp": old + 604_800}),
        json!({"application": "initech"}),
        json!({"application": null}),
        json!({"code_id": "x"}),
    ] {
        forged.push(forge.link(&plain, &with_claims(&changes))?);
    }
    let mut answers = std::collections::BTreeSet::new();
    for token in &forged {
        let (status, page) = press(postern, token).await?;
        assert_eq!(status, 404, "{token}");
        answers.insert(page);
        let (status, page) = open(postern, token).await?;
        assert_eq!(status, 404, "{token}");
        answers.insert(page);
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");

    // A stranger's link: signed by us, for a code of another application.
    let strange = forge.link(&plain, &with_claims(&json!({"application": "globex"})))?;
    let (_, page) = press(postern, &strange).await?;
    assert!(!page.contains(&user), "{page}");
    assert_eq!(postern.trail("code.repudiated").len(), 0);

    // The same link without a change ends the code: the changes caused the refusals.
    let (_, done) = press(postern, &forge.link(&plain, &of_code)?).await?;
    assert!(done.contains("Thank you"), "{done}");
    assert_eq!(postern.verify(&user, &code).await?, Err(RejectionReason::Blocked));
    Ok(())
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() -> Tested {
    let forge = Forge::start().await?;
    let postern = &forge.postern;
    let code_id = rpcs::CODE_ID;
    let token = forge.link(&json!({}), &json!({ "code_id": code_id }))?;
    let own = format!("http://{}", postern.at.http);
    for (name, value, status) in [
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "none", 403),
        ("origin", own.as_str(), 200),
        ("origin", "null", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "https://app.acme.example", 403),
    ] {
        let form = postern.post(NOT_ME).header(name, value).form(&[("t", &token)]);
        assert_eq!(form.send().await?.status(), status, "{name}: {value}");
    }
    Ok(())
}

#[tokio::test]
async fn one_address_may_press_so_often_and_no_more() -> Tested {
    let folder = copy_of_config()?;
    let config = postern::utf8(folder.path())?;
    let postern = Postern::with(&["--config", config, "--starts-per-minute", "3"])?;
    for _ in 0..3 {
        assert_eq!(press(&postern, "a.b.c").await?.0, 404);
    }
    for answer in [press(&postern, "a.b.c").await?, open(&postern, "a.b.c").await?] {
        assert!(answer.0 == 429 && answer.1.contains("try again"), "{answer:?}");
    }
    Ok(())
}

/// The link leads from the code issuer to the journey runner and back. While the code issuer is away, the
/// page asks to try again.
#[tokio::test]
async fn a_press_that_fails_is_tried_again() -> Tested {
    let (folder, receiver) = notifying("").await?;
    let deployment = Deployment::of(folder.folder.path())?;
    let mut postern = deployment.replica()?;
    let agent = folder.agent(&postern, "agent-1", "helpdesk").await?;
    let request = IssueCodeRequest { user: user_id("u-1"), ..Default::default() };
    let code = send(&postern, &agent, request).await?.code;
    let link = link(&postern, &receiver, "code.issued", "u-1").await?;
    let issuer = postern.process("code-issuer");
    issuer.terminate()?;
    issuer.ends_within(SOON).await?;
    let (status, page) = press(&postern, &link).await?;
    assert!(status == 503 && page.contains(&link), "the form is there again: {page}");
    postern.process("code-issuer").start_again()?;
    within(SOON, "it is done", async || Ok(press(&postern, &link).await?.0 == 200)).await?;
    assert_eq!(postern.verify("u-1", &code).await?, Err(RejectionReason::Blocked));
    within(SOON, "the company is told", async || {
        let delivered = "postern_notices_deliveries_total{postern_outcome=\"delivered\"} 1";
        Ok(postern.metrics().await?.contains(delivered))
    })
    .await
}
