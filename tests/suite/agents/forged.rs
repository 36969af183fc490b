//! ID tokens that must not be exchanged, and requests that are none.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Desk;
use crate::Tested;
use crate::harness::http::TOKEN;
use crate::harness::keys::{SigningKey, now, signed_with_secret, unsigned, with};
use crate::harness::provider::{EXCHANGE, ID_TOKEN, good_header};

/// Every kind of invalid token, with the refusal that the trail names.
fn bad(desk: &Desk) -> anyhow::Result<Vec<(String, String, &'static str)>> {
    let (provider, now) = (&desk.provider, now());
    let mut bad = Vec::new();
    for (claims, refusal) in [
        (json!({"iss": "https://elsewhere.example"}), "unknown_issuer"),
        (json!({"iss": format!("{}/", provider.issuer)}), "unknown_issuer"),
        (json!({"aud": "other-app"}), "wrong_audience"),
        (json!({"aud": ["postern-desk", "other-app"]}), "malformed"),
        (json!({"azp": "other-app"}), "malformed"),
        (json!({"typ": "Bearer"}), "malformed"),
        (json!({"sub": null}), "malformed"),
        (json!({"sub": "a\r\nb"}), "malformed"),
        (json!({"exp": now - 60}), "untimely"),
        (json!({"iat": now + 90}), "untimely"),
        (json!({"nbf": now + 90}), "untimely"),
        (json!({"auth_time": null}), "malformed"),
        (json!({"auth_time": now - 3601}), "signed_in_too_long_ago"),
        (json!({"amr": ["pwd"]}), "missing_method"),
        (json!({"roles": []}), "no_role"),
        (json!({"roles": ["elsewhere"]}), "no_role"),
        (json!({"roles": ["admin"]}), "no_role"),
        (json!({"roles": {"helpdesk": true}}), "no_role"),
        (json!({"employee_id": null}), "no_own_account"),
        (json!({"email": "nobody"}), "no_own_account"),
    ] {
        bad.push((claims.to_string(), provider.id_token(&claims)?, refusal));
    }
    for (header, refusal) in [
        (json!({"kid": "another"}), "wrong_signature"),
        (json!({"alg": "RS256"}), "wrong_signature"),
        (json!({"alg": "ES384"}), "wrong_signature"),
        (json!({"typ": "at+jwt"}), "malformed"),
        (json!({"crit": ["exp"]}), "malformed"),
    ] {
        let token = provider.key.sign(&with(good_header(), &header), &provider.claims())?;
        bad.push((header.to_string(), token, refusal));
    }
    let (header, claims) = (good_header(), provider.claims());
    let other = SigningKey::generate()?;
    bad.push(("another key".to_owned(), other.sign(&header, &claims)?, "wrong_signature"));
    let mut own_key = header.clone();
    own_key["jwk"] = other.public_jwk("1")?;
    bad.push(("a key in the header".to_owned(), other.sign(&own_key, &claims)?, "wrong_signature"));
    let none = with(header.clone(), &json!({"alg": "none"}));
    bad.push(("no algorithm".to_owned(), format!("{}.", unsigned(&none, &claims)), "malformed"));
    let shared = with(header, &json!({"alg": "HS256"}));
    let jwks = provider.jwks()?;
    for public in [provider.key.public_pem()?, jwks.to_string(), jwks["keys"][0].to_string()] {
        let token = signed_with_secret(public.as_bytes(), &shared, &claims)?;
        bad.push(("the public key as a secret".to_owned(), token, "wrong_signature"));
    }
    bad.push(("garbage".to_owned(), "a.b.c".to_owned(), "malformed"));
    Ok(bad)
}

#[tokio::test]
async fn no_invalid_id_token_is_exchanged_and_each_is_in_the_trail() -> Tested {
    let desk = Desk::start()?;
    let mut refusals = Vec::new();
    for (kind, token, refusal) in bad(&desk)? {
        let answer = desk.postern.exchange("acme-support", &token, &[]).await?;
        let (status, text) = (answer.status(), answer.text().await?);
        assert_eq!(status, StatusCode::BAD_REQUEST, "{kind}: {text}");
        let answer: Value = serde_json::from_str(&text)?;
        assert_eq!(answer["error"], "invalid_request", "{kind}");
        let told = answer["error_description"].as_str().expect("a description");
        assert!(told.starts_with("subject_token: "), "{kind}: {told}");
        assert!(!told.contains(&token) && !told.contains("agent-7"), "{kind}: {told}");
        refusals.push(json!(refusal));
    }
    let trail: Vec<_> =
        desk.trail("agent.refused").into_iter().map(|event| event["refusal"].clone()).collect();
    assert_eq!(trail, refusals);
    // The token that all were made from is good, so what was changed refused them.
    desk.agent(&json!({})).await?;
    Ok(())
}

#[tokio::test]
async fn a_token_of_another_kind_or_at_another_client_gives_nothing() -> Tested {
    let desk = Desk::start()?;
    let id_token = desk.provider.id_token(&json!({}))?;
    for client in ["acme-revoker", "acme-verifier"] {
        let answer = desk.postern.exchange(client, &id_token, &[]).await?;
        assert_eq!(answer.json::<Value>().await?["error"], "unauthorized_client", "{client}");
    }
    // The right of one client is not that of another: it cannot revoke.
    let token = desk.postern.agent("acme-override", &desk.provider, &json!({})).await?;
    let mut issuer = desk.postern.issuer_with(Some(token.clone()));
    let describe = crate::harness::DescribeCodeRequest { user: crate::harness::user_id("jane") };
    let denied = issuer.describe_code(describe.clone()).await.expect_err("no scope of the client");
    assert_eq!(denied.code(), tonic::Code::PermissionDenied);
    // Neither an ID token is an access token, nor the other way round.
    let mut issuer = desk.postern.issuer_with(Some(id_token));
    let refused = issuer.describe_code(describe).await.expect_err("an ID token");
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
    for token in [token, desk.postern.token("acme-support").await?] {
        let answer = desk.postern.exchange("acme-support", &token, &[]).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
    Ok(())
}

#[tokio::test]
async fn an_exchange_that_violates_the_rfc_or_lacks_the_secret_is_refused() -> Tested {
    let desk = Desk::start()?;
    let id_token = desk.provider.id_token(&json!({}))?;
    desk.postern.keep_secret(&id_token);
    let good = [
        ("grant_type", EXCHANGE),
        ("client_id", "acme-support"),
        ("client_secret", "acme-support-secret"),
        ("subject_token_type", ID_TOKEN),
        ("subject_token", &id_token),
    ];
    let access_token = "urn:ietf:params:oauth:token-type:access_token";
    let without =
        |name: &'static str| good.into_iter().filter(|(it, _)| *it != name).collect::<Vec<_>>();
    let and = |name: &'static str, value| [without(name), vec![(name, value)]].concat();
    for (form, status, error) in [
        (without("subject_token"), 400, "invalid_request"),
        (without("subject_token_type"), 400, "invalid_request"),
        (and("subject_token_type", access_token), 400, "invalid_request"),
        (and("requested_token_type", ID_TOKEN), 400, "invalid_request"),
        (and("audience", "x"), 400, "invalid_request"),
        (and("actor_token", "x"), 400, "invalid_request"),
        (without("client_secret"), 401, "invalid_client"),
        (and("client_secret", "wrong"), 401, "invalid_client"),
        (and("requested_token_type", access_token), 200, ""),
    ] {
        let answer = desk.postern.post(TOKEN).form(&form).send().await?;
        assert_eq!(answer.status(), status, "{form:?}");
        let answer: Value = answer.json().await?;
        assert_eq!(answer["error"].as_str().unwrap_or_default(), error);
        if let Some(token) = answer["access_token"].as_str() {
            desk.postern.keep_secret(token);
        }
    }
    Ok(())
}

#[tokio::test]
async fn refused_tokens_are_throttled() -> Tested {
    let desk = Desk::start()?;
    let expired = desk.provider.id_token(&json!({"exp": 0}))?;
    for refused in 0..300 {
        let answer = desk.postern.exchange("acme-support", &expired, &[]).await?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            assert!(refused >= 100, "the agents of one backend share its address");
            // The client itself, and another, go on.
            desk.postern.token("acme-support").await?;
            desk.postern.agent("acme-override", &desk.provider, &json!({})).await?;
            return Ok(());
        }
    }
    panic!("300 tokens could be tried in a row")
}
