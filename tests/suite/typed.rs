//! What people and programs really type: read where it can only mean one thing, and otherwise refused
//! by name, for every user alike.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Tested;
use crate::harness::http::refused;
use crate::harness::pages::{answer_step, form, submission};
use crate::harness::*;

const JOURNEY: &str = "temp-code-authentication";

/// Texts that can be no code of acme's policy.
fn no_codes() -> [String; 6] {
    ["12345678901", "1234567890123", "12345678901A", "1.23456789012", " ", "code"]
        .map(str::to_owned)
}

/// A user with a code, one who is locked, and one of whom nobody has heard.
async fn users(postern: &Postern) -> anyhow::Result<[String; 3]> {
    let users = ["with", "locked", "without"].map(unique);
    postern.issue(&users[0]).await?;
    let wrong = another(&postern.issue(&users[1]).await?);
    for _ in 0..3 {
        postern.verify(&users[1], &wrong).await?.expect_err("a wrong code");
    }
    Ok(users)
}

#[tokio::test]
async fn what_can_be_no_code_is_malformed_for_every_user_alike_and_costs_no_attempt() -> Tested {
    let postern = Postern::start()?;
    let users = users(&postern).await?;
    let mut verifier = postern.verifier("acme-verifier").await?;
    for code in no_codes() {
        let mut told = Vec::new();
        for user in &users {
            let code = code.clone();
            let request = VerifyCodeRequest { user: user_id(user), code, ..Default::default() };
            let status = verifier.verify_code(request).await.expect_err("malformed");
            let details = status.details().to_owned();
            told.push((malformed(Err::<(), _>(status), &["code"]), details));
        }
        assert!(told.iter().all(|it| *it == told[0]), "{code:?}: {told:?}");
        let rule = if code == " " { "must not be empty" } else { "must be a code of 12 digits" };
        assert_eq!(told[0].0, rule, "{code:?}");
    }
    assert_eq!(postern.lockout(&users[0]).await?.failures, 0);
    Ok(())
}

#[tokio::test]
async fn a_journey_in_one_call_refuses_it_by_name_for_every_user_alike() -> Tested {
    let postern = Postern::start()?;
    let users = users(&postern).await?;
    for (code, rule) in [
        (json!("12345"), "must be a code of 12 digits"),
        (json!(12_345), "must be a code of 12 digits"),
        (json!(-1), "must be a text"),
        (json!(null), "must be a text"),
        (json!(["123456789012"]), "must be a text"),
    ] {
        let mut told = Vec::new();
        for user in &users {
            let params = json!({"external_user_id": user, "temp_code": code});
            let answer = postern.invoke(JOURNEY, params).await?;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{code}");
            told.push(answer.text().await?);
        }
        assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
        let body: Value = serde_json::from_str(&told[0])?;
        assert_eq!(
            (&body["error_code"], &body["data"]["state"]),
            (&json!(4001), &json!("rejected"))
        );
        let message = body["error_message"].as_str().unwrap_or_default();
        assert!(message.contains(&format!("params.temp_code: {rule}")), "{message}");
    }
    assert_eq!(postern.lockout(&users[0]).await?.failures, 0);
    Ok(())
}

#[tokio::test]
async fn an_input_that_cannot_be_read_is_logged_by_name_and_never_by_value() -> Tested {
    let postern = Postern::start()?;
    let stray = unique("stray");
    postern.keep_secret(&stray);
    for (params, named) in [
        (json!({}), "params.external_user_id: must be a text"),
        (
            json!({"external_user_id": stray, "temp_code": {stray.as_str(): 1}}),
            "params.temp_code: must be a text",
        ),
        (
            json!({"external_user_id": format!("{stray}\u{200b}"), "temp_code": "123456789012"}),
            "params.external_user_id: must hold no white space",
        ),
    ] {
        let before = postern.printed().matches(named).count();
        postern.invoke(JOURNEY, params).await?;
        within(std::time::Duration::from_secs(5), named, async || {
            Ok(postern.printed().matches(named).count() == before + 1)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_form_is_shown_again_for_it_and_the_code_is_still_good() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let first = form(&postern).await?;
    let mut shown = first.clone();
    for typed in no_codes() {
        let input = json!({"external_user_id": user, "temp_code": typed});
        let body = submission(&first, &shown, &json!({"assert": "action", "input": input}));
        shown = answer_step(&postern, &first, &body).await?.error_for_status()?.json().await?;
        assert_eq!(shown["data"]["assertion_error_code"], 28, "{typed:?}: {shown}");
        let message = shown["data"]["assertion_error_message"].as_str().unwrap_or_default();
        assert!(message.contains("temp_code: must "), "{message}");
    }
    assert_eq!(postern.lockout(&user).await?.failures, 0);
    let number: u64 = code.parse()?;
    // A leading zero does not survive as a number.
    let typed = if number.to_string() == code { json!(number) } else { json!(code) };
    let input = json!({"external_user_id": user, "temp_code": typed});
    let body = submission(&first, &shown, &json!({"assert": "action", "input": input}));
    let done: Value = answer_step(&postern, &first, &body).await?.json().await?;
    assert_eq!(done["data"]["state"], "completed", "{done}");
    Ok(())
}

#[tokio::test]
async fn an_identifier_that_could_be_two_users_is_refused_at_issue() -> Tested {
    let postern = Postern::start()?;
    for (kind, typed, rule) in [
        ("phone_number", "+49 (0)30 123456", "without a trunk zero"),
        ("email", "<ada@example.com>", "must be an e-mail address alone"),
        ("username", "ada\u{fe0f}", "invisible characters"),
        ("user_id", "ada\u{2800}", "invisible characters"),
        ("user_id", &"a".repeat(257), "at most 256 bytes"),
    ] {
        let body = json!({"channel": "direct", "identifier_type": kind, "identifier": typed});
        let answer = postern.otp_send("acme-support", &body).await?;
        let message = refused(answer, StatusCode::BAD_REQUEST, "system_invalid_input").await?;
        assert!(message.contains(rule), "{message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_code_issued_for_one_spelling_verifies_for_another() -> Tested {
    let postern = Postern::start()?;
    let (mut issuer, mut verifier) =
        (postern.issuer("acme-support").await?, postern.verifier("acme-verifier").await?);
    let name = unique("strasse");
    for (kind, issued, typed) in [
        (IdentifierType::Username, name.replace("ss", "\u{df}"), name.to_uppercase()),
        (
            IdentifierType::Email,
            format!("{name}@b\u{fc}cher.example"),
            format!("{name}@xn--bcher-kva.example"),
        ),
        (IdentifierType::PhoneNumber, "+49 (30) 123-456".to_owned(), "+4930123456".to_owned()),
    ] {
        let request = IssueCodeRequest { user: identifier(kind, &issued), ..Default::default() };
        let code = issuer.issue_code(request).await?.into_inner().code;
        postern.keep_secret(&code);
        let request =
            VerifyCodeRequest { user: identifier(kind, &typed), code, ..Default::default() };
        let outcome = verifier.verify_code(request).await?.into_inner().outcome;
        assert!(matches!(outcome, Some(verify_code_response::Outcome::Accepted(_))), "{outcome:?}");
    }
    Ok(())
}
