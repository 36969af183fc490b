//! How forms and verifications move a journey.

use codes::ids::GrantId;
use codes::record::DenialReason;
use codes::user::UserId;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use super::super::state::DENIED;
use super::super::{CLIENT_INPUT, Event, Move, PromptError};
use super::{Run, aborted, completed};
use crate::expression::value::Value;
use crate::ports::UserTokens;
use crate::verdict::Verdict;

fn error_of(next: &Move) -> Option<PromptError> {
    match next {
        Move::Wait(prompt) => prompt.error,
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

#[test]
fn what_is_no_text_fails_without_asking_the_verifier() {
    for params in [
        json!({}),
        json!({"user": "ada"}),
        json!({"code": "1"}),
        json!({"user": "ada", "code": 123_456}),
        json!({"user": "ada", "code": null}),
        json!({"user": ["ada"], "code": "1"}),
        json!({"user": "ada", "code": {"x": "1"}}),
    ] {
        let (run, next) = Run::start(AUTHENTICATE, params);
        assert_eq!(completed(next), json!({"v": 1}));
        assert_eq!(run.state.map(|state| state.failures), Some(1));
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

#[test]
fn a_form_takes_its_fields_and_nothing_else() {
    let (mut run, next) = Run::start(FORM, Json::Null);
    assert_eq!(error_of(&next), None);
    for wrong in [
        json!(null),
        json!("x"),
        json!({}),
        json!({"user": "ada"}),
        json!({"user": "ada", "code": 123_456}),
        json!({"user": "ada", "code": "x".repeat(5_000)}),
    ] {
        let again = run.answer(CLIENT_INPUT, wrong);
        assert_eq!(error_of(&again), Some(PromptError::ClientResponseNotValid));
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
