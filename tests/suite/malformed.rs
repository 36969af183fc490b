//! Malformed requests: each gets the documented error and has no other effect.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::http::{ASSERT, INVOKE, OTP_SEND, TOKEN, refused};
use crate::harness::{DescribeLockoutRequest, Postern, unique, user_id};

const MEBIBYTE: usize = 1024 * 1024;

/// Bodies that are no JSON object.
fn no_object() -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    ["", "{", "null", "[]", "\"text\"", "42", "{\"a\":1,}", "\u{0}", "{\"a\": NaN}"]
        .map(str::to_owned)
        .into_iter()
        .chain([deep])
        .collect()
}

/// Asserts that an error has the format that the SDK reads.
async fn refused_to_the_sdk(answer: Response) -> Tested {
    let status = answer.status();
    let text = answer.text().await?;
    assert!(status.is_client_error(), "{status}: {text}");
    let body: Value = serde_json::from_str(&text)?;
    assert!(body["headers"].is_array(), "the SDK throws without them: {text}");
    assert!(body["data"].get("token").is_none(), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_malformed_issue_is_refused_and_leaves_the_code_valid() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let token = postern.token("acme-support").await?;
    let good = json!({"channel": "direct", "identifier_type": "user_id", "identifier": user});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string()
    };
    let without = |field: &str| {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(field);
        body.to_string()
    };
    let mut bodies = no_object();
    bodies.extend([
        "{}".to_owned(),
        without("channel"),
        without("identifier_type"),
        without("identifier"),
        // A list of the right values is not an object.
        json!(["direct", "user_id", user, 300, "", "", "", "", ""]).to_string(),
        with("channel", json!("pigeon")),
        with("channel", json!(1)),
        with("identifier_type", json!("passport")),
        with("identifier_type", json!(["user_id"])),
        with("identifier", json!(42)),
        with("identifier", json!("")),
        with("identifier", json!("x".repeat(257))),
        with("identifier", json!("a\u{0000}b")),
        with("expires_in", json!("300")),
        with("expires_in", json!(1.5)),
        with("expires_in", json!(-300)),
        with("expires_in", json!(1e30)),
        with("agent_id", json!("x".repeat(129))),
        with("reason", json!({})),
        with("expires", json!(300)),
        with("identifiers", json!([])),
    ]);
    for body in bodies {
        let request = postern.post(OTP_SEND).bearer_auth(&token);
        let answer = request.header("content-type", "application/json").body(body).send().await?;
        refused(answer, StatusCode::BAD_REQUEST, "system_invalid_input").await?;
    }
    let large = with("reason", json!("x".repeat(MEBIBYTE)));
    let request = postern.post(OTP_SEND).bearer_auth(&token);
    let answer = request.header("content-type", "application/json").body(large).send().await?;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);

    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_malformed_start_is_refused_and_counts_nothing() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let params = json!({"external_user_id": user, "temp_code": "1"});
    let data = json!({
        "collection_result": {}, "policy_request_id": "temp-code-authentication", "params": params,
    });
    let mut bodies = no_object();
    for (field, value) in [
        ("policy_request_id", Value::Null),
        ("policy_request_id", json!(1)),
        ("policy_request_id", json!("")),
        ("policy_request_id", json!("x".repeat(1000))),
        ("params", json!("text")),
        ("params", json!([1])),
    ] {
        let mut data = data.clone();
        data[field] = value;
        bodies.push(json!({"headers": [], "data": data}).to_string());
    }
    bodies.extend([
        json!({"headers": []}).to_string(),
        json!({"headers": [], "data": []}).to_string(),
        json!({"headers": {}, "data": data}).to_string(),
        json!({"headers": [1], "data": data}).to_string(),
        json!({"headers": [], "data": data, "padding": "x".repeat(MEBIBYTE)}).to_string(),
    ]);
    for body in bodies {
        let path = format!("{INVOKE}?aid=default_application&clientId=acme-web&locale=en");
        let request = postern.post(&path).header("content-type", "application/json");
        refused_to_the_sdk(request.body(body).send().await?).await?;
    }
    for query in ["", "?aid=default_application", "?clientId=", "?clientId=a&clientId=b"] {
        let request = postern.post(&format!("{INVOKE}{query}"));
        let answer = request.json(&json!({"headers": [], "data": data})).send().await?;
        refused_to_the_sdk(answer).await?;
    }
    let lockout = DescribeLockoutRequest { user: user_id(&user) };
    let lockout = postern.verifier("acme-support").await?.describe_lockout(lockout).await?;
    assert_eq!(lockout.into_inner().failures, 0);
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_malformed_answer_to_a_step_is_refused_and_the_step_still_waits() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let first: Value = postern.invoke("temp-code-form", json!({})).await?.json().await?;
    let step = &first["data"]["control_flow"][0];
    let mut session = first["headers"].as_array().into_iter().flatten();
    let session = session.find_map(|header| header["session_id"].as_str());
    let path = format!(
        "{ASSERT}?aid=default_application&clientId=acme-web&sid={}",
        session.expect("a session")
    );
    let input = json!({"external_user_id": user, "temp_code": code});
    let good = json!({
        "assertion_id": step["assertion_id"], "action": "form", "assert": "action",
        "fch": first["data"]["challenge"], "input": input,
    });
    let mut bodies = no_object();
    for (field, value) in [
        ("assertion_id", Value::Null),
        ("assertion_id", json!("another")),
        ("fch", Value::Null),
        ("fch", json!("invented")),
        ("assert", json!("fly")),
        ("assert", Value::Null),
    ] {
        let mut data = good.clone();
        data[field] = value;
        bodies.push(json!({"headers": first["headers"], "data": data}).to_string());
    }
    for body in bodies {
        let request = postern.post(&path).header("content-type", "application/json");
        refused_to_the_sdk(request.body(body).send().await?).await?;
    }
    let body = json!({"headers": first["headers"], "data": good});
    let done: Value = postern.post(&path).json(&body).send().await?.json().await?;
    assert_eq!(done["data"]["state"], "completed", "{done}");
    Ok(())
}

#[tokio::test]
async fn a_large_or_unusual_form_gets_no_token() -> Tested {
    let postern = Postern::start()?;
    let large = format!("grant_type=client_credentials&client_id={}", "x".repeat(MEBIBYTE));
    let bodies = ["", "&&&", "=", "grant_type", "%", "grant_type=%zz", "\u{0}", &large];
    for body in bodies {
        let request =
            postern.post(TOKEN).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.to_owned()).send().await?;
        assert!(answer.status().is_client_error(), "{}", answer.status());
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    Ok(())
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_not_found() -> Tested {
    let postern = Postern::start()?;
    for path in ["/nothing", "/../etc/passwd", "/%2e%2e/secret", "/oidc"] {
        assert_eq!(postern.get(path).send().await?.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}
