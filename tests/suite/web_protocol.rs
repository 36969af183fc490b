//! The Web SDK's protocol, called without the SDK, as a browser's `fetch` does.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::http::{INVOKE, ORIGIN};
use crate::harness::pages::{answer_step, form, id, submission};
use crate::harness::{Postern, RevokeCodeRequest, another, revoke_code_request, unique, user_id};

/// The minimum time until a browser learns of a denial.
const DENIAL_FLOOR: Duration = Duration::from_millis(50);

/// Where a client of pages starts a journey.
fn start_path(client: &str) -> String {
    format!("{INVOKE}?aid=default_application&clientId={client}&locale=en")
}

/// The body of the start that redeems a code.
fn start_body(user: &str, code: &str) -> Value {
    let params = json!({"external_user_id": user, "temp_code": code});
    json!({"headers": [], "data": {
        "collection_result": {}, "policy_request_id": "temp-code-authentication", "params": params,
    }})
}

/// The parts of an answer that an attacker can compare: the status, the headers, and the body with
/// its ids and times masked at equal length.
async fn visible(answer: Response) -> anyhow::Result<(StatusCode, HeaderMap, String)> {
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove("date");
    let mut text = answer.text().await?;
    let body: Value = serde_json::from_str(&text)?;
    for header in body["headers"].as_array().expect("an array of headers") {
        for value in header.as_object().expect("an object").values().filter_map(Value::as_str) {
            if value.len() >= 16 && value.bytes().any(|byte| byte.is_ascii_digit()) {
                text = text.replace(value, &"x".repeat(value.len()));
            }
        }
    }
    Ok((status, headers, text))
}

#[tokio::test]
async fn every_denial_looks_the_same() -> Tested {
    let postern = Postern::start()?;
    let mut answers = Vec::new();
    let try_code = async |user: &str, code: &str| {
        let params = json!({"external_user_id": user, "temp_code": code});
        let begun = Instant::now();
        let answer = postern.invoke("temp-code-authentication", params).await?;
        assert!(begun.elapsed() >= DENIAL_FLOOR, "told after {:?}", begun.elapsed());
        visible(answer).await
    };

    answers.push(("unknown", try_code(&unique("jane"), "123456123456").await?));

    let jane = unique("jane");
    let code = postern.issue(&jane).await?;
    let wrong = another(&code);
    answers.push(("wrong", try_code(&jane, &wrong).await?));
    answers.push(("wrong again", try_code(&jane, &wrong).await?));
    answers.push(("burned", try_code(&jane, &wrong).await?));
    answers.push(("locked, wrong", try_code(&jane, &wrong).await?));
    answers.push(("locked, right", try_code(&jane, &code).await?));

    let joe = unique("joe");
    let code = postern.issue(&joe).await?;
    postern.verify(&joe, &code).await?.expect("the right code");
    answers.push(("used", try_code(&joe, &code).await?));

    let code = postern.issue(&joe).await?;
    let target = revoke_code_request::Target::User(user_id(&joe).expect("a user"));
    let request = RevokeCodeRequest { target: Some(target), ..Default::default() };
    postern.issuer("acme-support").await?.revoke_code(request).await?;
    answers.push(("revoked", try_code(&joe, &code).await?));

    let (_, first) = &answers[0];
    assert_eq!(first.0, StatusCode::OK);
    for (class, answer) in &answers {
        assert_eq!(answer, first, "{class}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rejection_has_the_format_that_the_sdk_reads() -> Tested {
    let postern = Postern::start()?;
    let (state, answer) = postern.redeem(&unique("jane"), "123456123456").await?;
    assert_eq!(state, "rejected");
    assert_eq!(answer["error_code"], 4001);
    assert!(answer["error_message"].is_string(), "{answer}");
    assert!(answer["headers"].is_array(), "{answer}");
    assert!(answer["data"].get("token").is_none(), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_form_waits_is_shown_again_and_completes() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let first = form(&postern).await?;
    assert_eq!(first["data"]["state"], "pending");
    let step = &first["data"]["control_flow"][0];
    assert_eq!((&step["type"], &step["form_id"]), (&json!("form"), &json!("temp_code_form")));
    assert_eq!(step["escapes"][0]["id"], "contact_support");
    assert!(first["data"].get("assertion_error_code").is_none_or(|code| code == 0));
    for kind in ["uid", "session_id", "device_id"] {
        assert!(!id(&first, kind).is_empty());
    }

    let input = |code: &str| json!({"assert": "action", "input": {"external_user_id": user, "temp_code": code}});
    let wrong = submission(&first, &first, &input(&another(&code)));
    let again: Value =
        answer_step(&postern, &first, &wrong).await?.error_for_status()?.json().await?;
    assert_eq!(again["data"]["state"], "pending");
    assert_eq!(again["data"]["control_flow"][0]["form_id"], "temp_code_form");
    assert!(
        [29, 31, 35].map(Value::from).contains(&again["data"]["assertion_error_code"]),
        "{again}"
    );
    assert!(again["data"]["assertion_error_message"].is_string(), "{again}");

    let replayed = answer_step(&postern, &first, &wrong).await?;
    assert!(replayed.status().is_client_error(), "a challenge is good for one answer");
    let replayed: Value = replayed.json().await?;
    assert!(replayed["headers"].is_array(), "{replayed}");

    let right = submission(&first, &again, &input(&code));
    let done: Value =
        answer_step(&postern, &first, &right).await?.error_for_status()?.json().await?;
    assert_eq!(done["data"]["state"], "completed");
    let tokens = &done["data"]["data"]["json_data"];
    for token in [&done["data"]["token"], &tokens["access_token"], &tokens["id_token"]] {
        postern.keep_secret(token.as_str().expect("a token"));
    }
    Ok(())
}

#[tokio::test]
async fn an_escape_branches_to_another_step() -> Tested {
    let postern = Postern::start()?;
    let first = form(&postern).await?;
    let escape = json!({
        "assert": "escape",
        "data": {"escape_id": "contact_support", "escape_params": {}},
    });
    let answer = answer_step(&postern, &first, &submission(&first, &first, &escape)).await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let step = &answer["data"]["control_flow"][0];
    assert_eq!((&step["type"], &step["title"]), (&json!("information"), &json!("Contact support")));
    Ok(())
}

#[tokio::test]
async fn of_two_concurrent_answers_to_one_challenge_one_is_accepted() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let wrong = another(&postern.issue(&user).await?);
    let first = form(&postern).await?;
    let input = json!({"external_user_id": user, "temp_code": wrong});
    let input = json!({"assert": "action", "input": input});
    let body = submission(&first, &first, &input);
    let answers =
        futures_util::future::join_all((0..10).map(|_| answer_step(&postern, &first, &body)));
    let mut won = 0;
    for answer in answers.await {
        won += u32::from(answer?.status() == StatusCode::OK);
    }
    assert_eq!(won, 1);
    Ok(())
}

#[tokio::test]
async fn an_unknown_journey_and_a_forbidden_one_are_refused_alike() -> Tested {
    let postern = Postern::start()?;
    let unknown = visible(postern.invoke("nothing", json!({})).await?).await?;
    let forbidden = visible(postern.invoke("back-office", json!({})).await?).await?;
    assert!(unknown.0.is_client_error(), "{}", unknown.0);
    assert_eq!(unknown, forbidden);
    Ok(())
}

#[tokio::test]
async fn an_unknown_and_a_confidential_client_are_refused_alike() -> Tested {
    let postern = Postern::start()?;
    let mut answers = Vec::new();
    for client in ["nobody", "acme-support"] {
        let path = start_path(client);
        let data = json!({"policy_request_id": "temp-code-form", "collection_result": {}});
        let answer = postern.post(&path).json(&json!({"headers": [], "data": data})).send().await?;
        answers.push(visible(answer).await?);
    }
    assert!(answers[0].0.is_client_error(), "{}", answers[0].0);
    assert_eq!(answers[0], answers[1]);
    Ok(())
}

#[tokio::test]
async fn preflights_succeed_for_known_origins_only() -> Tested {
    let postern = Postern::start()?;
    let preflight = async |origin: &str| -> anyhow::Result<HeaderMap> {
        let path = start_path("acme-web");
        let request = postern
            .request(Method::OPTIONS, &path)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "baggage,content-type,traceparent,tracestate",
            );
        Ok(request.send().await?.headers().clone())
    };
    let known = preflight(ORIGIN).await?;
    assert_eq!(known["access-control-allow-origin"], ORIGIN);
    assert_eq!(known["access-control-allow-credentials"], "true");
    let allowed = known["access-control-allow-headers"].to_str()?.to_lowercase();
    // Instrumented pages send the last three headers with every request.
    for header in ["content-type", "traceparent", "tracestate", "baggage"] {
        assert!(allowed.split(',').any(|allowed| allowed == header), "{header} in {allowed}");
    }
    assert!(known["vary"].to_str()?.to_lowercase().contains("origin"));
    let foreign = [
        "https://evil.example",
        "https://app.acme.example.evil.example",
        "https://evil-app.acme.example",
        "http://app.acme.example",
        "https://app.acme.example:8443",
        "null",
    ];
    for origin in foreign {
        let headers = preflight(origin).await?;
        assert!(!headers.contains_key("access-control-allow-origin"), "{origin}: {headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_origin_cannot_start_a_journey() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let path = start_path("acme-web");
    let body = start_body(&user, &code);
    for origin in ["https://evil.example", "null"] {
        let answer = postern.post(&path).header("origin", origin).json(&body).send().await?;
        assert!(answer.status().is_client_error(), "{origin}: {}", answer.status());
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
    }
    // A simple content type needs no preflight, so the form of a foreign page could send it.
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = postern.post(&path).header("content-type", content_type);
        let answer = request.body(body.to_string()).send().await?;
        assert!(answer.status().is_client_error(), "{content_type}: {}", answer.status());
    }
    let answer = postern.post(&path).header("origin", ORIGIN).json(&body).send().await?;
    assert_eq!(answer.headers()["access-control-allow-origin"], ORIGIN);
    let answer: Value = answer.json().await?;
    assert_eq!(answer["data"]["state"], "completed", "the code was still unused");
    Ok(())
}

#[tokio::test]
async fn a_page_that_rebinds_its_own_host_to_this_service_cannot_start_a_journey() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let path = start_path("acme-web");
    let body = start_body(&user, &code);
    let port = postern.at.pages.port();
    let send = async |host: String| {
        let request = postern.post(&path).header("origin", format!("http://{host}"));
        request.header("host", host).json(&body).send().await
    };
    for host in ["evil.example", "localhost.evil.example", "recovery.example"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let answer = send(host.clone()).await?;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{host}");
        }
    }
    let answer: Value = send(format!("localhost:{port}")).await?.json().await?;
    assert_eq!(answer["data"]["state"], "completed", "the code was still unused: {answer}");
    Ok(())
}
