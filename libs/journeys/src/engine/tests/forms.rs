//! How forms, and the verifications that follow them, move a journey.

use codes::record::DenialReason;
use definitions::Part;
use expressions::Value;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use super::super::{Event, Move, PromptBody, PromptError};
use super::{Run, completed, malformed, rejected};
use crate::request::CLIENT_INPUT;

fn error_of(next: &Move) -> Option<PromptError> {
    match next {
        Move::Wait(prompt) => prompt.error.clone(),
        _ => panic!("not waiting"),
    }
}

const FORM: &str = r"
  a:
    type: collect_information
    form_id: f
    fields: [user, code]
    output: form
    escapes: [{ id: help, display_name: Help }]
    on: { submit: verify, help: end }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    error_output: e
    on: { success: end, failure: a }";

/// The fields for which a form is shown again.
fn unreadable(next: &Move) -> Vec<String> {
    match error_of(next) {
        Some(PromptError::ClientResponseNotValid(wrong)) => {
            wrong.into_iter().map(|input| input.name).collect()
        }
        other => panic!("not for a field: {other:?}"),
    }
}

#[test]
fn a_form_is_shown_again_for_what_the_verifier_cannot_read_and_counts_nothing() {
    // A malformed input is not a failure, whatever branch the author gives for failures.
    for steps in [FORM.to_owned(), FORM.replace("failure: a", "failure: end")] {
        let (mut run, _) = Run::start(&steps, Json::Null);
        for (part, name) in [(Part::Code, "code"), (Part::Identifier, "user")].repeat(3) {
            run.answer(CLIENT_INPUT, json!({"user": "ada", "code": "1"}));
            assert_eq!(unreadable(&run.on(Event::Verified(malformed(part)))), [name]);
        }
        let state = run.state.as_ref().expect("a state");
        assert_eq!((state.failures, state.leg.has_failed), (0, false));
        let next = run.answer(CLIENT_INPUT, json!({"user": "ada", "code": 123_456}));
        assert!(matches!(next, Move::Verify { code, .. } if code.expose_secret() == "123456"));
    }
}

#[test]
fn a_form_answered_earlier_is_shown_again_too() {
    let steps = r"
  a: { type: collect_information, form_id: f, fields: [user], output: who, on: { submit: b } }
  b: { type: collect_information, form_id: g, fields: [code], output: form, on: { submit: verify } }
  verify:
    type: temp_code_authentication
    external_user_id: who.user
    temp_code: form.code
    on: { success: end }";
    for (part, form, name) in [(Part::Identifier, "f", "user"), (Part::Code, "g", "code")] {
        let (mut run, _) = Run::start(steps, Json::Null);
        run.answer(CLIENT_INPUT, json!({"user": "ada"}));
        run.answer(CLIENT_INPUT, json!({"code": "1"}));
        let next = run.on(Event::Verified(malformed(part)));
        assert_eq!(unreadable(&next), [name]);
        let Move::Wait(prompt) = next else { panic!("not waiting") };
        assert!(matches!(prompt.body, PromptBody::Form { form_id, .. } if form_id == form));
    }
}

#[test]
fn a_form_takes_its_fields_and_nothing_else() {
    let (mut run, next) = Run::start(FORM, Json::Null);
    assert_eq!(error_of(&next), None);
    for (wrong, named) in [
        (json!(null), &["data"][..]),
        (json!("x"), &["data"]),
        (json!({}), &["code", "user"]),
        (json!({"user": "ada"}), &["code"]),
        (json!({"user": "ada", "code": [123_456]}), &["code"]),
        (json!({"user": "ada", "code": "x".repeat(5_000)}), &["code"]),
        (json!({"user": "a".repeat(257), "code": "1"}), &["user"]),
    ] {
        let again = run.answer(CLIENT_INPUT, wrong);
        assert_eq!(unreadable(&again), named);
    }
    let given = json!({"user": "ada", "code": "123456", "admin": "yes"});
    assert!(matches!(run.answer(CLIENT_INPUT, given), Move::Verify { .. }));
    let state = run.state.expect("a state");
    let Some(Value::Object(form)) = state.variables.get("form") else { panic!("no form") };
    assert!(matches!(form.get("code"), Some(Value::Secret(_))));
    assert_eq!(form.keys().collect::<Vec<_>>(), ["code", "user"]);
    assert_eq!(state.failures, 0, "a form that is not filled in is no failed verification");
}

#[test]
fn a_wrong_code_shows_the_form_again_until_the_failures_are_used_up() {
    for reason in DenialReason::ALL {
        let (mut run, _) = Run::start(FORM, Json::Null);
        for failures in 1..=3 {
            let filled_in = run.answer(CLIENT_INPUT, json!({"user": "ada", "code": "1"}));
            assert!(matches!(filled_in, Move::Verify { .. }));
            let next = run.on(Event::Verified(rejected(reason)));
            if failures < 3 {
                assert_eq!(error_of(&next), Some(PromptError::InvalidCredentials));
            } else {
                assert!(matches!(next, Move::Reject(None)), "{reason:?}");
            }
        }
    }
}

#[test]
fn an_escape_leaves_the_form() {
    let (mut run, _) = Run::start(FORM, Json::Null);
    assert_eq!(completed(run.answer("help", json!({"x": 1}))), json!({"v": 1}));
}

#[test]
fn an_error_belongs_to_the_step_that_was_answered() {
    let steps = FORM.replace("failure: a", "failure: sorry")
        + "\n  sorry: { type: information, title: a, text: e.message, button_text: c, on: { next: a } }";
    let steps = steps.replace("text: e.message", "text: '`${e.message}`'");
    let (mut run, _) = Run::start(&steps, Json::Null);
    run.answer(CLIENT_INPUT, json!({"user": "ada", "code": "1"}));
    let next = run.on(Event::Verified(rejected(DenialReason::NoCode)));
    assert_eq!(error_of(&next), None, "another step is shown for the first time");
    assert_eq!(error_of(&run.answer(CLIENT_INPUT, Json::Null)), None);
}

#[test]
fn a_second_verification_in_one_leg_counts_too() {
    let steps = FORM.replace("failure: a", "failure: verify2")
        + r"
  verify2:
    type: temp_code_authentication
    external_user_id: form.user
    identifier_type: email
    temp_code: form.code
    on: { success: end, failure: a }";
    let (mut run, _) = Run::start(&steps, Json::Null);
    run.answer(CLIENT_INPUT, json!({"user": "ada", "code": "1"}));
    for _ in 0..2 {
        let next = run.on(Event::Verified(rejected(DenialReason::NoCode)));
        if matches!(next, Move::Wait(_)) {
            run.answer(CLIENT_INPUT, json!({"user": "ada", "code": "1"}));
        }
    }
    let next = run.on(Event::Verified(rejected(DenialReason::NoCode)));
    assert!(matches!(next, Move::Reject(None)), "three failures, whichever step had them");
}
