//! `otp/authenticate`: a code becomes tokens without a journey, for clients that may verify.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::http::refused;
use crate::harness::postern::{change, copy_of_config};
use crate::harness::*;

const PATH: &str = "/cis/v1/auth/otp/authenticate";
/// Reads reasons.
const TRUSTED: &str = "acme-verifier";
/// Does not.
const PLAIN: &str = "acme-plain-verifier";

async fn send(postern: &Postern, client: &str, body: &Value) -> anyhow::Result<Response> {
    let token = postern.token(client).await?;
    Ok(postern.post(PATH).bearer_auth(token).json(body).send().await?)
}

fn body(user: &str, code: &str) -> Value {
    json!({"identifier_type": "user_id", "identifier": user, "passcode": code})
}

#[tokio::test]
async fn a_right_code_becomes_the_users_tokens_once() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut request = body(&user, &code);
    request["idempotency_key"] = json!(unique("key"));
    request["channel"] = json!("direct");
    request["source_address"] = json!("192.0.2.7");
    let answer = send(&postern, PLAIN, &request).await?.error_for_status()?;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let tokens: Value = answer.json().await?;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    let backend = postern.token("acme-backend").await?;
    for kind in ["access_token", "id_token"] {
        let token = tokens[kind].as_str().expect("a token");
        postern.keep_secret(token);
        let asked = postern.post("/oidc/token/introspection").bearer_auth(&backend);
        let told: Value = asked.form(&[("token", token)]).send().await?.json().await?;
        assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(user)), "{kind}");
        assert_eq!(told["client_id"], PLAIN, "{kind}");
    }
    let retried: Value = send(&postern, PLAIN, &request).await?.error_for_status()?.json().await?;
    assert!(retried["access_token"].is_string(), "a retry has the same outcome");
    request["passcode"] = json!(another(&code));
    refused(send(&postern, PLAIN, &request).await?, StatusCode::CONFLICT, "idempotency_conflict")
        .await?;
    let again = send(&postern, TRUSTED, &body(&user, &code)).await?;
    refused(again, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?;
    Ok(())
}

#[tokio::test]
async fn why_a_code_is_denied_is_told_only_to_those_who_may_read_it() -> Tested {
    let postern = Postern::start()?;
    let (unknown, locked, late) = (unique("nobody"), unique("jane"), unique("late"));
    let code = postern.issue(&locked).await?;
    let guess = another(&code);
    let uniform = send(&postern, PLAIN, &body(&unknown, &guess)).await?;
    let uniform = refused(uniform, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?;
    for _ in 0..2 {
        let wrong = send(&postern, TRUSTED, &body(&locked, &guess)).await?;
        let told = refused(wrong, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?;
        assert_eq!(told, uniform);
    }
    for guess in [&guess, &code] {
        let told = send(&postern, TRUSTED, &body(&locked, guess)).await?;
        refused(told, StatusCode::FORBIDDEN, "auth_locked").await?;
        let told = send(&postern, PLAIN, &body(&locked, guess)).await?;
        let told = refused(told, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?;
        assert_eq!(told, uniform, "a lock looks like an unknown user");
    }
    let short = prost_types::Duration { seconds: 1, nanos: 0 };
    let request =
        IssueCodeRequest { user: user_id(&late), expires_in: Some(short), ..Default::default() };
    let issued = postern.issuer("acme-support").await?.issue_code(request).await?.into_inner().code;
    postern.keep_secret(&issued);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let told = send(&postern, PLAIN, &body(&late, &issued)).await?;
    assert_eq!(refused(told, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?, uniform);
    let told = send(&postern, TRUSTED, &body(&late, &issued)).await?;
    refused(told, StatusCode::BAD_REQUEST, "auth_otp_passcode_expired").await?;
    Ok(())
}

#[tokio::test]
async fn other_clients_and_malformed_requests_are_refused() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    for client in ["acme-support", "acme-backend"] {
        let answer = send(&postern, client, &body(&user, "123456789012")).await?;
        let told = refused(answer, StatusCode::FORBIDDEN, "forbidden").await?;
        assert!(told.contains("codes:verify"), "{told}");
    }
    for (key, value) in [
        ("identifier", ""),
        ("passcode", "12"),
        ("identifier_type", "name"),
        ("channel", "sms"),
        ("source_address", "here"),
    ] {
        let mut request = body(&user, "123456789012");
        request[key] = json!(value);
        let answer = send(&postern, TRUSTED, &request).await?;
        let told = refused(answer, StatusCode::BAD_REQUEST, "system_invalid_input").await?;
        assert!(told.contains(key), "{told}");
    }
    let anonymous = postern.post(PATH).json(&body(&user, "123456789012")).send().await?;
    refused(anonymous, StatusCode::UNAUTHORIZED, "unauthorized").await?;
    Ok(())
}

#[tokio::test]
async fn where_pairing_is_required_a_client_that_verified_before_is_refused() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let token = postern.token(PLAIN).await?;
    let send = async || {
        let sent = postern.post(PATH).bearer_auth(&token).json(&body(&user, &another(&code)));
        anyhow::Ok(sent.send().await?)
    };
    refused(send().await?, StatusCode::BAD_REQUEST, "auth_invalid_credentials").await?;

    // The configuration takes the right from every client, and holds for tokens of before.
    let acme = "applications/acme.yaml";
    change(&folder, acme, "scopes: [codes:verify, codes:reason]", "scopes: [codes:reason]")?;
    change(&folder, acme, "scopes: [codes:verify]", "scopes: [codes:read]")?;
    change(&folder, acme, "  length: 12", "  length: 12\n  pairing: required")?;
    within(Duration::from_secs(20), "the policy is in force", async || {
        Ok(send().await?.status() == StatusCode::FORBIDDEN)
    })
    .await?;
    let before = postern.lockout(&user).await?;
    let told = refused(send().await?, StatusCode::FORBIDDEN, "forbidden").await?;
    assert!(told.contains("codes:verify"), "{told}");
    assert_eq!(postern.lockout(&user).await?, before, "nothing was compared");
    Ok(())
}
