//! The calls whose replies are kept: every operation once, and the refusals that clients act on.

use serde_json::{Value, json};

use super::Named;
use super::reply::Reply;
use crate::harness::http::{ASSERT, OTP_SEND, TOKEN, for_user};
use crate::harness::pages::{form, id, submission};
use crate::harness::pb::code::{DescribeCodeRequest, IssueCodeRequest};
use crate::harness::pb::journey::{
    DescribeJourneyRequest, ListJourneysRequest, StartJourneyRequest,
};
use crate::harness::values::structure;
use crate::harness::{
    ClearLockoutRequest, DescribeLockoutRequest, IdentifierType, Postern, RevokeCodeRequest,
    VerifyCodeRequest, another, identifier, revoke_code_request, user_id,
};

/// Makes all calls to a server that was just started.
pub(super) async fn all(postern: &Postern) -> anyhow::Result<Vec<Named>> {
    let mut replies = Vec::new();
    token_endpoint(postern, &mut replies).await?;
    otp_send(postern, &mut replies).await?;
    metadata(postern, &mut replies).await?;
    pages(postern, &mut replies).await?;
    codes(postern, &mut replies).await?;
    journeys(postern, &mut replies).await?;
    Ok(replies)
}

fn keep(replies: &mut Vec<Named>, call: &str, reply: Reply) {
    replies.push((call.to_owned(), reply));
}

async fn token_endpoint(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    for (call, grant, client, secret) in [
        ("token", "client_credentials", "acme-support", "acme-support-secret"),
        ("token, wrong secret", "client_credentials", "acme-support", "wrong"),
        ("token, another grant", "password", "acme-support", "acme-support-secret"),
    ] {
        let form = [("grant_type", grant), ("client_id", client), ("client_secret", secret)];
        keep(replies, call, Reply::http(postern.post(TOKEN).form(&form).send().await?).await?);
    }
    Ok(())
}

async fn otp_send(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    let user = "golden-sent";
    let sent = Reply::http(postern.otp_send("acme-support", &for_user(user)).await?).await?;
    keep(replies, "otp/send", sent);
    for (call, client, changes) in [
        ("otp/send, another channel", "acme-support", json!({"channel": "sms"})),
        ("otp/send, too long a life", "acme-support", json!({"expires_in": 86_401})),
        ("otp/send, without the scope", "acme-verifier", json!({})),
    ] {
        let mut body = for_user(user);
        for (key, value) in changes.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        keep(replies, call, Reply::http(postern.otp_send(client, &body).await?).await?);
    }
    let anonymous = postern.post(OTP_SEND).json(&for_user(user)).send().await?;
    keep(replies, "otp/send, without a token", Reply::http(anonymous).await?);

    let wrong = another(&postern.issue("golden-locked").await?);
    for _ in 0..3 {
        postern.verify("golden-locked", &wrong).await?.expect_err("a wrong code");
    }
    let locked = postern.otp_send("acme-support", &for_user("golden-locked")).await?;
    keep(replies, "otp/send, locked", Reply::http(locked).await?);
    Ok(())
}

async fn metadata(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        keep(replies, path, Reply::http(postern.get(path).send().await?).await?);
    }
    Ok(())
}

async fn pages(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    let journey = "temp-code-authentication";
    let user = "golden-page";
    let code = postern.issue(user).await?;
    for (call, journey, code) in [
        ("journey, wrong code", journey, another(&code)),
        ("journey, right code", journey, code.clone()),
        ("journey, unknown", "no-such-journey", code.clone()),
        ("journey, not a page's", "back-office", code),
    ] {
        let params = json!({"external_user_id": user, "temp_code": code});
        keep(replies, call, Reply::http(postern.invoke(journey, params).await?).await?);
    }

    let code = postern.issue("golden-form").await?;
    let first = form(postern).await?;
    keep(replies, "form", Reply::Http(first.clone()));
    let input = |code: &str| json!({"assert": "action", "input": {"external_user_id": "golden-form", "temp_code": code}});
    let again = asserted(postern, &first, &first, &input(&another(&code))).await?;
    keep(replies, "form, wrong code", Reply::Http(again.clone()));
    let done = asserted(postern, &first, &again, &input(&code)).await?;
    keep(replies, "form, right code", Reply::Http(done));

    let first = form(postern).await?;
    let escape = json!({
        "assert": "escape",
        "data": {"escape_id": "contact_support", "escape_params": {}},
    });
    keep(replies, "form, escape", Reply::Http(asserted(postern, &first, &first, &escape).await?));
    Ok(())
}

/// Answers the step that `pending` shows.
async fn asserted(
    postern: &Postern,
    first: &Value,
    pending: &Value,
    answer: &Value,
) -> anyhow::Result<Value> {
    let (session, device) = (id(first, "session_id"), id(first, "device_id"));
    let query =
        format!("aid=default_application&clientId=acme-web&locale=en&sid={session}&did={device}");
    let body = submission(first, pending, answer);
    let reply = postern.post(&format!("{ASSERT}?{query}")).json(&body).send().await?;
    Ok(reply.json().await?)
}

async fn codes(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    let named = |name: &str| format!("postern.code.v1.{name}");
    let user = user_id("golden-user");
    let mut issuer = postern.issuer("acme-support").await?;
    let mut support = postern.verifier("acme-support").await?;
    let mut verifier = postern.verifier("acme-verifier").await?;

    let request = IssueCodeRequest { user: user.clone(), ..Default::default() };
    let issued = issuer.issue_code(request.clone()).await;
    let code = issued.as_ref().map(|it| it.get_ref().code.clone()).unwrap_or_default();
    keep(replies, "IssueCode", Reply::grpc(&named("IssueCodeResponse"), issued));
    let describe = || DescribeCodeRequest { user: user.clone() };
    let described = issuer.describe_code(describe()).await;
    keep(replies, "DescribeCode", Reply::grpc(&named("DescribeCodeResponse"), described));

    let guess = |code: String| VerifyCodeRequest { user: user.clone(), code, ..Default::default() };
    let denied = verifier.verify_code(guess(another(&code))).await;
    keep(replies, "VerifyCode, wrong", Reply::grpc(&named("VerifyCodeResponse"), denied));
    let lockout = support.describe_lockout(DescribeLockoutRequest { user: user.clone() }).await;
    keep(replies, "DescribeLockout", Reply::grpc(&named("DescribeLockoutResponse"), lockout));
    let accepted = verifier.verify_code(guess(code.clone())).await;
    keep(replies, "VerifyCode, right", Reply::grpc(&named("VerifyCodeResponse"), accepted));
    let denied = verifier.verify_code(guess(code)).await;
    keep(replies, "VerifyCode, used", Reply::grpc(&named("VerifyCodeResponse"), denied));

    issuer.issue_code(request.clone()).await?;
    let target = user.clone().map(revoke_code_request::Target::User);
    let revoked = issuer.revoke_code(RevokeCodeRequest { target, ..Default::default() }).await;
    keep(replies, "RevokeCode", Reply::grpc(&named("RevokeCodeResponse"), revoked));
    let locked = user_id("golden-locked");
    let refused =
        issuer.issue_code(IssueCodeRequest { user: locked.clone(), ..Default::default() }).await;
    keep(replies, "IssueCode, locked", Reply::grpc(&named("IssueCodeResponse"), refused));
    let lockout = support.describe_lockout(DescribeLockoutRequest { user: locked.clone() }).await;
    keep(
        replies,
        "DescribeLockout, locked",
        Reply::grpc(&named("DescribeLockoutResponse"), lockout),
    );
    let clear = ClearLockoutRequest { user: locked, ..Default::default() };
    let cleared = support.clear_lockout(clear).await;
    keep(replies, "ClearLockout", Reply::grpc(&named("ClearLockoutResponse"), cleared));

    let nobody = IssueCodeRequest {
        user: identifier(IdentifierType::Unspecified, ""),
        ..Default::default()
    };
    let refused = issuer.issue_code(nobody).await;
    keep(replies, "IssueCode, malformed", Reply::grpc(&named("IssueCodeResponse"), refused));
    let refused = postern.issuer("acme-verifier").await?.issue_code(request.clone()).await;
    keep(replies, "IssueCode, forbidden", Reply::grpc(&named("IssueCodeResponse"), refused));
    let refused = postern.issuer_with(None).issue_code(request).await;
    keep(replies, "IssueCode, anonymous", Reply::grpc(&named("IssueCodeResponse"), refused));
    Ok(())
}

async fn journeys(postern: &Postern, replies: &mut Vec<Named>) -> anyhow::Result<()> {
    let named = |name: &str| format!("postern.journey.v1.{name}");
    let mut runner = postern.runner("acme-backend").await?;
    let code = postern.issue("golden-backend").await?;
    for (call, journey, code) in [
        ("StartJourney, wrong code", "temp-code-authentication", another(&code)),
        ("StartJourney, right code", "temp-code-authentication", code),
        ("StartJourney, form", "temp-code-form", String::new()),
        ("StartJourney, unknown", "no-such-journey", String::new()),
    ] {
        let params = json!({"external_user_id": "golden-backend", "temp_code": code});
        let request = StartJourneyRequest {
            journey_id: journey.to_owned(),
            params: Some(structure(params)),
            ..Default::default()
        };
        let started = runner.start_journey(request).await;
        keep(replies, call, Reply::grpc(&named("StartJourneyResponse"), started));
    }
    let listed = runner.list_journeys(ListJourneysRequest {}).await;
    keep(replies, "ListJourneys", Reply::grpc(&named("ListJourneysResponse"), listed));
    let journey_id = "temp-code-form".to_owned();
    let described = runner.describe_journey(DescribeJourneyRequest { journey_id }).await;
    keep(replies, "DescribeJourney", Reply::grpc(&named("DescribeJourneyResponse"), described));
    Ok(())
}
