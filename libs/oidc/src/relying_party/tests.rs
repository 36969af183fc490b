//! The relying party against a provider on this machine.

use serde_json::{Value, json};

use super::endpoints::{LIFE, PAUSE};
use super::*;
use crate::tests::{Provider, ok};

const NOW: Timestamp = Timestamp::from_unix_millis(1_000_000_000);

fn party(provider: &Provider) -> RelyingParty {
    let registration = Registration {
        issuer: provider.issuer(),
        client_id: "desk".to_owned(),
        secret: "a secret & more".into(),
        redirect_uri: "https://console.example/callback".to_owned(),
        scope: "openid profile".to_owned(),
        max_age: Duration::from_secs(3600),
    };
    RelyingParty::new(registration)
}

fn describes(provider: &Provider, names_itself: bool) {
    let issuer = provider.issuer();
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth?tenant=1"),
        "token_endpoint": format!("{issuer}/token"),
        "authorization_response_iss_parameter_supported": names_itself,
    });
    provider.says("/.well-known/openid-configuration", &ok("", &document.to_string()));
}

/// The claims of a token that fits, with some of them changed; `null` removes one.
fn answers(provider: &Provider, nonce: &str, changes: &Value) {
    let seconds = NOW.unix_seconds();
    let mut claims = json!({
        "iss": provider.issuer(), "aud": "desk", "sub": "ada", "name": "Ada", "nonce": nonce,
        "exp": seconds + 60, "auth_time": seconds - 5,
    });
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let tokens = json!({ "id_token": format!("e30.{payload}.AAAA"), "refresh_token": "again" });
    provider.says("/token", &ok("", &tokens.to_string()));
}

/// A sign-in that has begun, and an answer that fits.
async fn begun(party: &RelyingParty, provider: &Provider) -> (Attempt, Answer) {
    let random = [[1; 32], [2; 32], [3; 32]];
    let (url, attempt) = party.begin(random, true).await.expect("discovered");
    assert!(url.starts_with(&format!("{}/auth?tenant=1&response_type=code", provider.issuer())));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&attempt.verifier));
    for part in [
        "client_id=desk",
        "redirect_uri=https%3A%2F%2Fconsole.example%2Fcallback",
        "scope=openid+profile",
        &format!("state={}", attempt.state),
        &format!("nonce={}", attempt.nonce),
        &format!("code_challenge={challenge}&code_challenge_method=S256"),
        "max_age=3600",
        "prompt=login",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    assert!(!url.contains(&attempt.verifier), "the verifier stays here");
    let (state, iss) = (Some(attempt.state.clone()), Some(provider.issuer()));
    let answer = Answer { state, code: Some("a code".to_owned()), iss, error: None };
    (attempt, answer)
}

#[tokio::test]
async fn a_person_signs_in_and_is_renewed() {
    let provider = Provider::start().await;
    describes(&provider, true);
    let party = party(&provider);
    let (attempt, answer) = begun(&party, &provider).await;
    answers(&provider, &attempt.nonce, &json!({}));
    let signed_in = party.finish(&attempt, &answer, NOW).await.expect("signed in");
    assert_eq!((signed_in.subject.as_str(), signed_in.name.as_deref()), ("ada", Some("Ada")));
    assert_eq!(signed_in.authenticated_at.unix_seconds(), NOW.unix_seconds() - 5);
    let sent = provider.last_sent();
    assert!(sent.contains("grant_type=authorization_code&code=a+code"), "{sent}");
    assert!(sent.contains(&format!("code_verifier={}", attempt.verifier)), "{sent}");
    let basic = STANDARD.encode("desk:a+secret+%26+more");
    assert!(sent.contains(&format!("authorization: Basic {basic}")), "{sent}");

    let refresh_token = signed_in.refresh_token.expect("a refresh token");
    answers(&provider, "", &json!({ "nonce": null }));
    assert!(party.refresh(&refresh_token, NOW).await.is_ok());
    assert!(provider.last_sent().contains("grant_type=refresh_token&refresh_token=again"));
}

#[tokio::test]
async fn an_answer_of_another_sign_in_or_provider_is_refused_before_anything_is_sent() {
    let provider = Provider::start().await;
    describes(&provider, true);
    let party = party(&provider);
    let (attempt, fits) = begun(&party, &provider).await;
    let sent = provider.last_sent();
    let other = || Some("other".to_owned());
    for (answer, is_state) in [
        (Answer { state: None, ..fits.clone() }, true),
        (Answer { state: other(), ..fits.clone() }, true),
        (Answer { iss: None, ..fits.clone() }, false),
        (Answer { iss: other(), ..fits.clone() }, false),
        (Answer { iss: other(), error: other(), ..fits.clone() }, false),
    ] {
        let error = party.finish(&attempt, &answer, NOW).await.expect_err("refused");
        let expected = if is_state {
            matches!(error, SignInError::State)
        } else {
            matches!(error, SignInError::Issuer)
        };
        assert!(expected, "{error:?}");
    }
    let denied = Answer { error: Some("<access denied>\n".to_owned()), ..fits.clone() };
    let error = party.finish(&attempt, &denied, NOW).await.expect_err("refused");
    assert_eq!(error.to_string(), "the provider refused the sign-in: <accessdenied>");
    assert_eq!(provider.last_sent(), sent);
}

#[tokio::test]
async fn an_id_token_of_another_provider_client_sign_in_or_time_is_refused() {
    let provider = Provider::start().await;
    describes(&provider, false);
    let party = party(&provider);
    let (attempt, fits) = begun(&party, &provider).await;
    for changes in [
        json!({ "iss": "https://attacker.example" }),
        json!({ "aud": "another" }),
        json!({ "aud": ["desk", "another"] }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "exp": NOW.unix_seconds() - 31 }),
        json!({ "auth_time": null }),
        json!({ "sub": null }),
    ] {
        answers(&provider, &attempt.nonce, &changes);
        let error = party.finish(&attempt, &fits, NOW).await.expect_err("refused");
        assert!(matches!(error, SignInError::IdToken(_)), "{changes}: {error:?}");
    }
    answers(&provider, &attempt.nonce, &json!({ "aud": ["desk"] }));
    let unnamed = Answer { iss: None, ..fits };
    assert!(party.finish(&attempt, &unnamed, NOW).await.is_ok());
    provider.says("/token", &ok("", r#"{"access_token": "x"}"#));
    let error = party.finish(&attempt, &unnamed, NOW).await.expect_err("refused");
    assert!(matches!(error, SignInError::IdToken("there is none")), "{error:?}");
    provider.is_gone();
    let error = party.finish(&attempt, &unnamed, NOW).await.expect_err("refused");
    assert!(matches!(error, SignInError::Refused(_)), "{error:?}");
}

async fn begins(party: &RelyingParty) -> bool {
    match party.begin([[0; 32]; 3], false).await {
        Ok(_) => true,
        Err(SignInError::Unreachable(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// Time that passes at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_once_in_five_seconds() {
    let provider = Provider::start().await;
    provider.is_gone();
    let party = party(&provider);
    let (one, other) = tokio::join!(begins(&party), begins(&party));
    assert!(!one && !other && !begins(&party).await);
    assert_eq!(provider.asked(), 1);
    describes(&provider, true);
    assert!(!begins(&party).await);
    pass(PAUSE).await;
    assert!(begins(&party).await && begins(&party).await);
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn old_endpoints_serve_while_the_provider_fails_or_hangs() {
    let provider = Provider::start().await;
    describes(&provider, true);
    let party = std::sync::Arc::new(party(&provider));
    assert!(begins(&party).await);
    pass(LIFE).await;
    provider.is_gone();
    assert!(begins(&party).await && begins(&party).await);
    assert_eq!(provider.asked(), 2, "the failure is remembered");

    provider.hangs();
    pass(PAUSE).await;
    let theirs = std::sync::Arc::clone(&party);
    let waiting = tokio::spawn(async move { begins(&theirs).await });
    while provider.asked() < 3 {
        tokio::task::yield_now().await;
    }
    let others = timeout(Duration::from_secs(1), begins(&party)).await;
    assert_eq!(others, Ok(true), "it waits for no attempt of another");
    pass(TIMEOUT).await;
    assert!(waiting.await.expect("no panic"), "old endpoints serve after the attempt too");
    assert_eq!(provider.asked(), 3);
}
