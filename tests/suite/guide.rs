//! The guide's seven steps on the demo application, with exactly its curl commands and JSON. Steps
//! 1 to 4 (application, client, journey, page) are the demo's configuration.
//!
//! The guide must hold for every form of hosting: one process with the in-memory store, one process
//! with Redis, and three separate services.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::http::{OTP_SEND, TOKEN, for_user, refused};
use crate::harness::postern::demo_config;
use crate::harness::{ClearLockoutRequest, Postern, another, unique, user_id};

/// Makes a module of tests for one form of hosting.
macro_rules! hosted {
    ($hosting:ident, $start:expr, [$($promise:ident),* $(,)?]) => {
        mod $hosting {
            use super::*;

            $(#[tokio::test]
            async fn $promise() -> Tested {
                super::$promise(&$start?).await
            })*
        }
    };
}

/// Makes the tests that hold for every form of hosting.
macro_rules! promises {
    ($promises:tt) => {
        hosted!(in_memory, Postern::demo(), $promises);
        hosted!(in_redis, Postern::demo_in_redis(), $promises);
        hosted!(apart, Deployment::of(&demo_config())?.replica(), $promises);
    };
}

promises!([
    the_seven_steps_end_in_a_token_that_the_published_keys_verify,
    the_same_code_again_is_rejected,
    a_code_is_accepted_with_spaces_and_hyphens,
    three_wrong_codes_lock_the_user_until_support_clears_the_lock,
    an_expired_code_is_rejected,
    an_expiration_outside_the_policy_is_refused_with_both_limits,
]);

/// Steps 5 and 6 with another body. Returns the code.
async fn code_for(postern: &Postern, body: &Value) -> anyhow::Result<String> {
    let answer: Value =
        postern.otp_send("acme-support", body).await?.error_for_status()?.json().await?;
    Ok(answer["code"].as_str().expect("a code").to_owned())
}

async fn the_seven_steps_end_in_a_token_that_the_published_keys_verify(
    postern: &Postern,
) -> Tested {
    let user = unique("jane");
    postern.keep_secret(&user);

    // 5. A client access token.
    let token: Value = postern
        .post(TOKEN)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&client_id=acme-support&client_secret=acme-support-secret")
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));

    // 6. A code.
    let answer: Value = postern
        .post(OTP_SEND)
        .bearer_auth(token["access_token"].as_str().expect("a token"))
        .json(&json!({
            "channel": "direct",
            "identifier_type": "user_id",
            "identifier": user,
            "expires_in": 300,
        }))
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    assert_eq!(answer["message"], "OTP sent");
    assert!(answer["expires_at"].is_string(), "{answer}");
    let code = answer["code"].as_str().expect("a code");
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");

    // 7. The journey.
    let (state, answer) = postern.redeem(&user, code).await?;
    assert_eq!(state, "completed");
    assert_eq!(answer["data"]["assertions_complete"], true);
    let token = answer["data"]["token"].as_str().expect("a journey token");

    let keys = format!("http://{}/.well-known/jwks.json", postern.at.pages);
    let keys: JwkSet = reqwest::get(keys).await?.json().await?;
    let header = decode_header(token)?;
    let key = keys.find(header.kid.as_deref().expect("a key id")).expect("the key is published");
    let mut validation = Validation::new(header.alg);
    validation.validate_aud = false;
    let claims: Value = decode(token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
    let claims = claims.to_string();
    assert!(!claims.contains(code), "a token holds no start parameter");
    Ok(())
}

async fn the_same_code_again_is_rejected(postern: &Postern) -> Tested {
    let user = unique("jane");
    let code = code_for(postern, &for_user(&user)).await?;
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    assert_eq!(postern.redeem(&user, &code).await?.0, "rejected");
    Ok(())
}

async fn a_code_is_accepted_with_spaces_and_hyphens(postern: &Postern) -> Tested {
    let user = unique("jane");
    let code = code_for(postern, &for_user(&user)).await?;
    let typed = format!(" {} {}-{} ", &code[..2], &code[2..4], &code[4..]);
    assert_eq!(postern.redeem(&user, &typed).await?.0, "completed");
    Ok(())
}

async fn three_wrong_codes_lock_the_user_until_support_clears_the_lock(
    postern: &Postern,
) -> Tested {
    let user = unique("jane");
    let code = code_for(postern, &for_user(&user)).await?;
    for _ in 0..3 {
        assert_eq!(postern.redeem(&user, &another(&code)).await?.0, "rejected");
    }
    assert_eq!(postern.redeem(&user, &code).await?.0, "rejected");

    let answer = postern.otp_send("acme-support", &for_user(&user)).await?;
    let message = refused(answer, StatusCode::CONFLICT, "auth_locked").await?;
    assert!(message.contains("20") && message.contains('T'), "says until when: {message}");

    let clear = ClearLockoutRequest { user: user_id(&user), ..Default::default() };
    let cleared = postern.verifier("acme-support").await?.clear_lockout(clear).await?.into_inner();
    assert!(cleared.lock_cleared);

    // The old code burned with the third failure; a new one works.
    assert_eq!(postern.redeem(&user, &code).await?.0, "rejected");
    let code = code_for(postern, &for_user(&user)).await?;
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    Ok(())
}

async fn an_expired_code_is_rejected(postern: &Postern) -> Tested {
    let user = unique("jane");
    let mut body = for_user(&user);
    body["expires_in"] = json!(1);
    let code = code_for(postern, &body).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(postern.redeem(&user, &code).await?.0, "rejected");
    Ok(())
}

async fn an_expiration_outside_the_policy_is_refused_with_both_limits(postern: &Postern) -> Tested {
    for expires_in in [0, 86_401, u32::MAX] {
        let mut body = for_user(&unique("jane"));
        body["expires_in"] = json!(expires_in);
        let answer = postern.otp_send("acme-support", &body).await?;
        let message = refused(answer, StatusCode::BAD_REQUEST, "system_invalid_input").await?;
        assert!(message.contains("1 to 86400"), "{message}");
    }
    Ok(())
}
