//! How forms and verifications move a journey.

use codes::ids::GrantId;
use codes::record::DenialReason;
use codes::user::UserId;
use definitions::Part;
use expressions::Value;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use super::super::state::DENIED;
use super::super::{Event, Move, PromptBody, PromptError};
use super::{Run, aborted, completed};
use crate::ports::UserTokens;
use crate::request::CLIENT_INPUT;
use crate::verdict::{Malformed, Verdict};

fn error_of(next: &Move) -> Option<PromptError> {
    match next {
        Move::Wait(prompt) => prompt.error.clone(),
        _ => panic!("not waiting"),
    }
}

fn accepted() -> Verdict {
    let grant = GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("a grant");
    Verdict::Accepted {
        user: UserId::parse("ada").expect("a user"),
        grant,
        at: clock::Timestamp::default(),
    }
}

fn rejected(reason: DenialReason) -> Verdict {
    Verdict::Rejected { reason: Some(reason) }
}

const AUTHENTICATE: &str = r#"
  a:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    error_output: e
    on: { success: yes, failure: failed, expired: late }
  yes: { type: complete, data: { user: "@policy.userContext().user_id", t: "@policy.userTokens()" } }
  failed: { type: condition, expression: "e.code == 'locked'", on: { true: no, false: end } }
  late: { type: reject_access, data: { late: "e.message" } }
  no: { type: reject_access }"#;

#[test]
fn a_right_code_leads_to_success_and_tokens_are_minted_when_they_are_asked_for() {
    let (mut run, next) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": "123456"}));
    let Move::Verify { identifier, code, .. } = next else { panic!("no verification") };
    assert_eq!((identifier.as_str(), code.expose_secret()), ("ada", "123456"));
    let Move::Mint(authentication) = run.on(Event::Verified(accepted())) else { panic!("no mint") };
    assert_eq!(
        (authentication.user.as_str(), authentication.at),
        ("ada", clock::Timestamp::default())
    );
    let tokens = UserTokens { access_token: "A".to_owned(), id_token: "I".to_owned() };
    let data = completed(run.on(Event::Minted(tokens)));
    assert_eq!(data, json!({"user": "ada", "t": {"access_token": "A", "id_token": "I"}}));
}

#[test]
fn a_failure_takes_its_branch_and_the_author_may_look_at_the_reason() {
    let start = || Run::start(AUTHENTICATE, json!({"user": "ada", "code": "1"})).0;
    let on = |reason| start().on(Event::Verified(rejected(reason)));
    assert!(matches!(on(DenialReason::Locked), Move::Reject(None)));
    assert_eq!(completed(on(DenialReason::WrongCode)), json!({"v": 1}));
    let Move::Reject(Some(data)) = on(DenialReason::Expired) else { panic!("not late") };
    assert_eq!(data, json!({"late": DENIED}));
}

/// The names of the inputs for which a request is refused.
fn refused(next: &Move) -> Vec<&str> {
    match next {
        Move::Refuse(wrong) => wrong.iter().map(|input| input.name.as_str()).collect(),
        _ => panic!("not refused"),
    }
}

#[test]
fn what_is_no_text_is_an_input_error_that_names_the_parameter_and_asks_nobody() {
    for (params, named) in [
        (json!({}), &["params.user", "params.code"][..]),
        (json!({"user": "ada"}), &["params.code"]),
        (json!({"code": "1"}), &["params.user"]),
        (json!({"user": "ada", "code": null}), &["params.code"]),
        (json!({"user": "ada", "code": -123_456}), &["params.code"]),
        (json!({"user": "ada", "code": 0.5}), &["params.code"]),
        (json!({"user": "ada", "code": 9_007_199_254_740_993_u64}), &["params.code"]),
        (json!({"user": true, "code": "1"}), &["params.user"]),
        (json!({"user": ["ada"], "code": "1"}), &["params.user"]),
        (json!({"user": "ada", "code": {"x": "1"}}), &["params.code"]),
    ] {
        let (run, next) = Run::start(AUTHENTICATE, params);
        assert_eq!(refused(&next), named);
        assert_eq!(run.state.map(|state| state.failures), Some(0));
    }
}

#[test]
fn a_whole_number_is_the_text_that_it_is_written_as() {
    for params in [
        json!({"user": 4_711, "code": 123_456}),
        json!({"user": 4_711.0, "code": 1.234_56e5}),
        json!({"user": "4711", "code": "123456"}),
    ] {
        let (_, next) = Run::start(AUTHENTICATE, params);
        let Move::Verify { identifier, code, .. } = next else { panic!("no verification") };
        assert_eq!((identifier.as_str(), code.expose_secret()), ("4711", "123456"));
    }
    // The zero that led it is lost: the verifier refuses what is left, and compares nothing.
    let (_, next) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": 12_345}));
    assert!(matches!(next, Move::Verify { code, .. } if code.expose_secret() == "12345"));
}

#[test]
fn a_member_of_what_has_none_is_an_input_error_too() {
    let steps = AUTHENTICATE.replace("params.user", "params.user.id");
    for user in [json!(null), json!("ada"), json!([])] {
        let (_, next) = Run::start(&steps, json!({"user": user, "code": "123456"}));
        assert_eq!(refused(&next), ["params.user.id"]);
    }
    let own = AUTHENTICATE.replace("\"@policy.request().params.user\"", "v.id").replacen(
        "  a:",
        "  a: { type: set_variables, variables: { v: null }, on: { next: b } }\n  b:",
        1,
    );
    let (_, next) = Run::start(&own, json!({"code": "123456"}));
    assert!(matches!(next, Move::Abort(_)), "the journey's own mistake");
}

fn malformed(part: Part) -> Verdict {
    Verdict::Malformed(vec![Malformed { part, rule: "must be another".to_owned() }])
}

#[test]
fn what_the_verifier_cannot_read_is_refused_and_counts_nothing() {
    for (part, name) in [(Part::Identifier, "params.user"), (Part::Code, "params.code")] {
        let (mut run, _) = Run::start(AUTHENTICATE, json!({"user": "ada", "code": "1"}));
        assert_eq!(refused(&run.on(Event::Verified(malformed(part)))), [name]);
        assert_eq!(run.state.map(|state| state.failures), Some(0));
    }
}

#[test]
fn a_failure_without_a_branch_aborts_with_the_same_words_for_all() {
    let steps = r#"
  a:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    on: { success: end }"#;
    for reason in DenialReason::ALL {
        let (mut run, _) = Run::start(steps, json!({"user": "ada", "code": "1"}));
        let words = aborted(run.on(Event::Verified(rejected(reason))));
        assert_eq!(words, "step `a`: the verification failed and there is no failure branch");
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
    // Whatever the author does about failures: this is none.
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
