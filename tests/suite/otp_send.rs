//! Step 6 of the guide: issuing a code over HTTP.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::http::{OTP_SEND, for_user, refused};
use crate::harness::{Postern, unique};

#[tokio::test]
async fn each_type_of_identifier_gets_a_code() -> Tested {
    let postern = Postern::start()?;
    let users = [
        ("user_id", unique("jane")),
        ("email", format!("{}@example.org", unique("jane"))),
        ("phone_number", format!("+4930{:09}", rand::random::<u32>() % 1_000_000_000)),
        ("username", unique("jane")),
    ];
    for (kind, identifier) in users {
        let body = json!({"channel": "direct", "identifier_type": kind, "identifier": identifier});
        postern.keep_secret(&identifier);
        let answer = postern.otp_send("acme-support", &body).await?;
        assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let answer: Value = answer.json().await?;
        let code = answer["code"].as_str().expect("a code");
        assert_eq!(code.len(), 12);
        postern.keep_secret(code);
    }
    Ok(())
}

#[tokio::test]
async fn the_context_of_an_issue_is_accepted_at_the_shorter_path_too() -> Tested {
    let postern = Postern::start()?;
    let mut body = for_user(&unique("jane"));
    body["agent_id"] = json!("agent-7");
    body["reason"] = json!("lost phone");
    body["ticket_ref"] = json!("T-4711");
    body["verification_method"] = json!("video_call");
    let token = postern.token("acme-support").await?;
    let answer = postern.post("/v1/auth/otp/send").bearer_auth(token).json(&body).send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn channels_that_would_deliver_the_code_are_refused() -> Tested {
    let postern = Postern::start()?;
    for channel in ["sms", "email"] {
        let mut body = for_user(&unique("jane"));
        body["channel"] = json!(channel);
        let answer = postern.otp_send("acme-support", &body).await?;
        let message = refused(answer, StatusCode::BAD_REQUEST, "system_invalid_input").await?;
        assert!(message.contains("direct"), "{message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_without_a_valid_token_gets_a_challenge() -> Tested {
    let postern = Postern::start()?;
    let body = for_user(&unique("jane"));
    let authorizations =
        [None, Some("Bearer"), Some("Bearer garbage"), Some("Basic YTpi"), Some("garbage")];
    for authorization in authorizations {
        let mut request = postern.post(OTP_SEND).json(&body);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = request.send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{authorization:?}");
        let challenge = answer.headers()["www-authenticate"].to_str()?;
        assert!(challenge.starts_with("Bearer"), "{challenge}");
        let answer: Value = answer.json().await?;
        assert!(answer["error_code"].is_string() && answer["message"].is_string(), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_without_the_scope_is_told_which_scope_is_missing() -> Tested {
    let postern = Postern::start()?;
    let answer = postern.otp_send("acme-verifier", &for_user(&unique("jane"))).await?;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer: Value = answer.json().await?;
    let message = answer["message"].as_str().expect("a message");
    assert!(answer["error_code"].is_string() && message.contains("codes:issue"), "{answer}");
    Ok(())
}
