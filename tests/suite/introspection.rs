//! Backends that ask whether a token is active: which are, for whom, and what is told of the others.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::Tested;
use crate::authorization::{forged, user_tokens};
use crate::forgery::{Forge, LOGIN};
use crate::harness::http::refused;
use crate::harness::keys::{now, with};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::*;

const STANDARD: &str = "/oidc/token/introspection";
const AS_MOSAIC: &str = "/ido/api/v2/token/introspect";

async fn standard(postern: &Postern, client: &str, token: &str) -> anyhow::Result<Response> {
    let asked = postern.post(STANDARD).bearer_auth(client).form(&[("token", token)]);
    Ok(asked.send().await?)
}

/// What is answered about a token at either endpoint, which must be the same.
async fn ask(postern: &Postern, client: &str, token: &str) -> anyhow::Result<Value> {
    let answer = standard(postern, client, token).await?.error_for_status()?;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await?;
    let wrapped: Value = postern.introspect(client, token).await?.json().await?;
    assert_eq!(wrapped, json!({ "error_code": 0, "data": answer }));
    Ok(answer)
}

#[tokio::test]
async fn the_tokens_of_a_recovery_are_active_for_their_application_alone() -> Tested {
    let postern = Postern::start()?;
    let [desk, backend] =
        [postern.token("acme-support").await?, postern.token("acme-backend").await?];
    let stranger = postern.token("staff-support").await?;
    let inactive = json!({ "active": false });
    let mut users = Vec::new();
    for (kind, token) in user_tokens(&postern).await? {
        postern.keep_secret(&token);
        let answer = ask(&postern, &desk, &token).await?;
        assert_eq!(answer, ask(&postern, &backend, &token).await?, "{kind}");
        assert_eq!(
            (&answer["active"], &answer["client_id"]),
            (&json!(true), &json!("acme-backend"))
        );
        for claim in ["iss", "aud", "iat", "exp", "jti", "sub", "sid"] {
            assert!(!answer[claim].is_null(), "{kind}: {claim} in {answer}");
        }
        users.push(answer["sub"].clone());
        let told = standard(&postern, &stranger, &token).await?.json::<Value>().await?;
        assert_eq!(told, inactive, "{kind}: another application's client asks");
        for (forgery, token) in forged(&token)? {
            assert_eq!(ask(&postern, &desk, &token).await?, inactive, "{kind}: {forgery}");
        }
    }
    assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
    assert_eq!(
        ask(&postern, &desk, &desk).await?,
        inactive,
        "a client's token is for Postern alone"
    );
    Ok(())
}

#[tokio::test]
async fn a_token_that_the_key_signed_is_inactive_unless_all_that_it_says_holds() -> Tested {
    let forge = Forge::start().await?;
    let (backend, now) = (forge.good(LOGIN)?, now());
    for (changes, is_active) in [
        (json!({}), true),
        (json!({"exp": now - 40, "iat": now - 3640}), false),
        (json!({"iat": now + 120, "exp": now + 3720}), false),
        (json!({"nbf": now + 120}), false),
        (json!({"iss": "https://elsewhere.example"}), false),
        (json!({"aud": "urn:postern:application:staff"}), false),
        (json!({"aud": "urn:postern:services"}), false),
        (json!({"client_id": "acme-gone"}), false),
        (json!({"client_id": "staff-support"}), false),
    ] {
        let claims = json!({
            "aud": "urn:postern:application:acme", "sub": "jane", "client_id": "acme-web",
            "application": null, "secret_generation": null,
        });
        let typ = json!({"typ": "user-at+jwt"});
        let token = forge.changed(LOGIN, &typ, &with(claims, &changes))?;
        let answer = ask(&forge.postern, &backend, &token).await?;
        assert_eq!(answer["active"], is_active, "{changes}");
        assert!(is_active || answer == json!({ "active": false }), "{changes}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn only_clients_may_ask_and_a_malformed_question_is_refused() -> Tested {
    let postern = Postern::start()?;
    let desk = postern.token("acme-support").await?;
    let user = user_tokens(&postern).await?;
    for token in ["garbage", &user[0].1] {
        for answer in [standard(&postern, token, "a").await?, postern.introspect(token, "a").await?]
        {
            assert!(answer.headers()["www-authenticate"].to_str()?.starts_with("Bearer"));
            refused(answer, StatusCode::UNAUTHORIZED, "unauthorized").await?;
        }
    }
    let form = |body: &'static str| {
        let asked = postern.post(STANDARD).bearer_auth(&desk).body(body);
        asked.header("content-type", "application/x-www-form-urlencoded")
    };
    let mosaic = |query: &str, body: Value| {
        postern.post(&format!("{AS_MOSAIC}{query}")).bearer_auth(&desk).json(&body)
    };
    let token = || json!({ "token": "a" });
    for (asked, field) in [
        (form(""), "token"),
        (form("token="), "token"),
        (form("token=a&token=b"), "body"),
        (postern.post(STANDARD).bearer_auth(&desk).json(&token()), "body"),
        (mosaic("", json!({})), "body"),
        (mosaic("?clientId=staff-support", token()), "clientId"),
        (mosaic("?clientId=a&clientId=b", token()), "clientId"),
    ] {
        let told = refused(asked.send().await?, StatusCode::BAD_REQUEST, "system_invalid_input");
        let told = told.await?;
        assert!(told.starts_with(field), "{told}");
    }
    assert_eq!(mosaic("", token()).send().await?.status(), StatusCode::OK);

    let metadata: Value =
        postern.get("/.well-known/openid-configuration").send().await?.json().await?;
    let endpoint = metadata["introspection_endpoint"].as_str().expect("an endpoint");
    assert!(endpoint.ends_with(STANDARD), "{endpoint}");
    let openapi: Value = postern.get("/openapi.json").send().await?.json().await?;
    for path in [STANDARD, AS_MOSAIC] {
        assert!(openapi["paths"].get(path).is_some(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn questions_are_charged_to_the_client_that_asks() -> Tested {
    let folder = copy_of_config()?;
    let scopes = "scopes: [journeys:run, journeys:read]";
    let limited = format!("{scopes}\n    verifications_per_minute: 2");
    change(&folder, "applications/acme.yaml", scopes, &limited)?;
    let postern = Postern::serving(folder.path())?;
    let [desk, backend] =
        [postern.token("acme-support").await?, postern.token("acme-backend").await?];
    ask(&postern, &backend, "a").await?;
    for answer in
        [standard(&postern, &backend, "a").await?, postern.introspect(&backend, "a").await?]
    {
        assert!(answer.headers().contains_key("retry-after"));
        refused(answer, StatusCode::TOO_MANY_REQUESTS, "too_many_requests").await?;
    }
    ask(&postern, &desk, "a").await?;
    Ok(())
}
