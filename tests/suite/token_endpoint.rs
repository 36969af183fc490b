//! The token endpoint, as specified by RFC 6749.

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::Tested;
use crate::harness::Postern;
use crate::harness::http::TOKEN;
use crate::harness::postern::{config, utf8};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const ID: (&str, &str) = ("client_id", "acme-support");
const SECRET: (&str, &str) = ("client_secret", "acme-support-secret");

type Form = &'static [(&'static str, &'static str)];

/// Asserts an error in the format of RFC 6749, section 5.2.
async fn error(answer: Response, status: StatusCode, error: &str) -> Tested {
    let (actual, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await?;
    assert_eq!(actual, status, "{text}");
    assert_eq!(headers["cache-control"], "no-store");
    let body: Value = serde_json::from_str(&text)?;
    assert_eq!(body["error"], error, "{text}");
    assert!(body["error_description"].is_string(), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_secret_in_the_body_or_in_the_header_gets_a_token_at_both_paths() -> Tested {
    let postern = Postern::start()?;
    for path in [TOKEN, "/cis/oidc/token"] {
        let in_body = postern.post(path).form(&[GRANT, ID, SECRET]);
        let in_header = postern.post(path).basic_auth(ID.1, Some(SECRET.1)).form(&[GRANT]);
        for request in [in_body, in_header] {
            let answer = request.send().await?;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["cache-control"], "no-store");
            let body: Value = answer.json().await?;
            assert_eq!(body["token_type"], "Bearer");
            assert_eq!(body["expires_in"], 3600);
            let mut scopes: Vec<_> = body["scope"].as_str().expect("a scope").split(' ').collect();
            scopes.sort_unstable();
            assert_eq!(
                scopes,
                ["codes:issue", "codes:read", "codes:revoke", "lockouts:clear", "lockouts:read"]
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_from_a_file_is_accepted() -> Tested {
    let postern = Postern::start()?;
    postern.token("acme-plain-verifier").await?;
    Ok(())
}

#[tokio::test]
async fn a_client_may_ask_for_less_than_it_has_but_not_for_more() -> Tested {
    let postern = Postern::start()?;
    let less =
        postern.post(TOKEN).form(&[GRANT, ID, SECRET, ("scope", "codes:read")]).send().await?;
    let less: Value = less.error_for_status()?.json().await?;
    assert_eq!(less["scope"], "codes:read");
    for scope in ["codes:verify", "codes:read codes:verify", "everything", "codes:read codes:fly"] {
        let more = postern.post(TOKEN).form(&[GRANT, ID, SECRET, ("scope", scope)]).send().await?;
        error(more, StatusCode::BAD_REQUEST, "invalid_scope").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_client_are_refused_alike() -> Tested {
    let postern = Postern::start()?;
    let mut bodies = Vec::new();
    for (id, secret) in [("acme-support", "wrong"), ("nobody", "wrong"), ("acme-web", "wrong")] {
        let form = [GRANT, ("client_id", id), ("client_secret", secret)];
        let in_body = postern.post(TOKEN).form(&form).send().await?;
        assert_eq!(in_body.status(), StatusCode::UNAUTHORIZED);
        bodies.push(in_body.text().await?);
        let in_header =
            postern.post(TOKEN).basic_auth(id, Some(secret)).form(&[GRANT]).send().await?;
        let challenge = in_header.headers()["www-authenticate"].to_str()?.to_owned();
        assert!(challenge.starts_with("Basic"), "{challenge}");
        error(in_header, StatusCode::UNAUTHORIZED, "invalid_client").await?;
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "an attacker learns which clients exist: {bodies:?}");
    Ok(())
}

#[tokio::test]
async fn wrong_secrets_are_throttled() -> Tested {
    let postern = Postern::start()?;
    let form = [GRANT, ID, ("client_secret", "wrong")];
    let mut refused = 0;
    for _ in 0..200 {
        let answer = postern.post(TOKEN).form(&form).send().await?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            return Ok(());
        }
        refused += 1;
    }
    panic!("{refused} secrets could be tried in a row")
}

#[tokio::test]
async fn after_wrong_secrets_the_right_one_is_throttled_from_the_same_source_only() -> Tested {
    let postern = Postern::with(&["--config", utf8(&config())?, "--trusted-proxies", "127.0.0.1"])?;
    let present = async |from: &str, id: &str, secret: &str| {
        let form = [GRANT, ("client_id", id), ("client_secret", secret)];
        let request = postern.post(TOKEN).header("x-forwarded-for", from).form(&form);
        anyhow::Ok(request.send().await?.status())
    };
    let (attacker, elsewhere) = ("192.0.2.1", "192.0.2.2");
    let mut guesses = 0;
    while present(attacker, ID.1, "wrong").await? != StatusCode::TOO_MANY_REQUESTS {
        guesses += 1;
        assert!(guesses < 100, "{guesses} secrets could be tried in a row");
    }
    let right = present(attacker, ID.1, SECRET.1).await?;
    assert_eq!(right, StatusCode::TOO_MANY_REQUESTS, "the right guess was not slowed down");
    assert_eq!(present(elsewhere, ID.1, SECRET.1).await?, StatusCode::OK);
    let other = present(attacker, "acme-verifier", "acme-verifier-secret").await?;
    assert_eq!(other, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_request_that_violates_the_rfc_is_refused() -> Tested {
    let postern = Postern::start()?;
    let cases: &[(Form, StatusCode, &str)] = &[
        (&[ID, SECRET], StatusCode::BAD_REQUEST, "invalid_request"),
        (&[GRANT, GRANT, ID, SECRET], StatusCode::BAD_REQUEST, "invalid_request"),
        (&[GRANT, ID, ID, SECRET], StatusCode::BAD_REQUEST, "invalid_request"),
        (&[GRANT, ID, SECRET, SECRET], StatusCode::BAD_REQUEST, "invalid_request"),
        (
            &[GRANT, ID, SECRET, ("scope", "codes:read"), ("scope", "codes:read")],
            StatusCode::BAD_REQUEST,
            "invalid_request",
        ),
        (
            &[("grant_type", "password"), ID, SECRET],
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
        ),
        (&[("grant_type", ""), ID, SECRET], StatusCode::BAD_REQUEST, "invalid_request"),
        (&[GRANT, ID], StatusCode::UNAUTHORIZED, "invalid_client"),
        (&[GRANT], StatusCode::UNAUTHORIZED, "invalid_client"),
    ];
    for (form, status, code) in cases {
        let answer = postern.post(TOKEN).form(form).send().await?;
        error(answer, *status, code).await?;
    }
    Ok(())
}

#[tokio::test]
async fn two_authentication_methods_in_one_request_are_refused() -> Tested {
    let postern = Postern::start()?;
    let request = postern.post(TOKEN).basic_auth(ID.1, Some(SECRET.1)).form(&[GRANT, ID, SECRET]);
    error(request.send().await?, StatusCode::BAD_REQUEST, "invalid_request").await
}

#[tokio::test]
async fn only_a_posted_form_is_accepted() -> Tested {
    let postern = Postern::start()?;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = postern.request(method, TOKEN).send().await?;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let json = serde_json::json!({"grant_type": "client_credentials"});
    let answer = postern.post(TOKEN).json(&json).send().await?;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert_ne!(answer.status(), StatusCode::UNAUTHORIZED);
    let in_the_address = format!("{TOKEN}?grant_type=client_credentials&client_id={}", ID.1);
    let answer = postern.post(&in_the_address).form(&[SECRET]).send().await?;
    error(answer, StatusCode::BAD_REQUEST, "invalid_request").await
}
