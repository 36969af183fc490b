//! Each type of step moves a journey as its description says.

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::record::DenialReason;
use codes::user::UserId;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value as Json, json};

use super::state::{State, Surroundings, surroundings};
use super::{CLIENT_INPUT, Event, Move, PromptBody, PromptError, advance};
use crate::definition::Journey;
use crate::expression::value::Value;
use crate::ports::{UserTokens, Verdict};

const NOW: Timestamp = Timestamp::from_unix_millis(1_000);

struct Run {
    journey: Journey,
    state: Option<State>,
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

impl Run {
    /// Starts a journey of these steps, the first of which is `a`.
    fn start(steps: &str, params: Json) -> (Self, Move) {
        let v = if steps.contains("variables") { "v" } else { "1" };
        let end = format!("  end: {{ type: complete, data: {{ v: {v} }} }}");
        let yaml = format!("id: x\nstart: a\nsteps:\n{steps}\n{end}\n");
        let journey = Journey::parse("x", &yaml).expect("a journey");
        let given = Surroundings {
            params: object(params),
            headers: Map::new(),
            locale: None,
            device: Json::Null,
        };
        let seen = surroundings(&journey, given).expect("small");
        let whose = (ApplicationId::parse("app").expect("id"), ClientId::parse("web").expect("id"));
        let state = State::new(&journey, whose, seen, 3);
        let mut run = Self { journey, state: Some(state) };
        let next = run.on(Event::Started);
        (run, next)
    }

    fn on(&mut self, event: Event) -> Move {
        let state = self.state.take().expect("a state");
        let (state, next) = advance(&self.journey, NOW, state, event);
        self.state = Some(state);
        next
    }

    fn answer(&mut self, option: &str, data: Json) -> Move {
        self.on(Event::Answered { option: option.to_owned(), data })
    }
}

fn completed(next: Move) -> Json {
    match next {
        Move::Complete(data) => data.unwrap_or(Json::Null),
        Move::Abort(abort) => panic!("aborted: {abort}"),
        _ => panic!("not completed"),
    }
}

fn aborted(next: Move) -> String {
    match next {
        Move::Abort(abort) => abort.to_string(),
        _ => panic!("not aborted"),
    }
}

fn error_of(next: &Move) -> Option<PromptError> {
    match next {
        Move::Wait(prompt) => prompt.error,
        _ => panic!("not waiting"),
    }
}

fn accepted() -> Verdict {
    let grant = GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("a grant");
    Verdict::Accepted { user: UserId::parse("ada").expect("a user"), grant }
}

fn rejected(reason: DenialReason) -> Verdict {
    Verdict::Rejected { reason: Some(reason) }
}

#[test]
fn set_variables_and_conditions_choose_the_way() {
    let steps = |expression: &str, otherwise: &str| {
        format!(
            r#"
  a: {{ type: set_variables, variables: {{ v: "1 + @policy.request().params.n", w: "'x'" }}, on: {{ next: b }} }}
  b: {{ type: condition, expression: {expression:?}, on: {{ true: end, false: no{otherwise} }} }}
  no: {{ type: reject_access, data: {{ w: w }} }}"#
        )
    };
    let start =
        |expression, otherwise| Run::start(&steps(expression, otherwise), json!({"n": 2})).1;
    assert_eq!(completed(start("v == 3", "")), json!({"v": 3}));
    assert!(matches!(start("v == 4", ""), Move::Reject(Some(data)) if data == json!({"w": "x"})));
    assert_eq!(completed(start("v.x", ", otherwise: end")), json!({"v": 3}));
    assert_eq!(completed(start("v", ", otherwise: end")), json!({"v": 3}), "no boolean");
    assert_eq!(aborted(start("v", "")), "step `b`: the value is not true or false");
}

#[test]
fn a_loop_goes_round_until_it_is_done_or_exhausted() {
    let steps = |condition: &str| {
        format!(
            r"
  a: {{ type: set_variables, variables: {{ v: 0 }}, on: {{ next: again }} }}
  again: {{ type: loop, {condition}max_iterations: 5, body: add, on: {{ done: end, exhausted: no }} }}
  add: {{ type: set_variables, variables: {{ v: v + 1 }}, on: {{ next: again }} }}
  no: {{ type: reject_access, data: {{ v: v }} }}"
        )
    };
    let (run, done) = Run::start(&steps("while: v < 3, "), Json::Null);
    assert_eq!(completed(done), json!({"v": 3}));
    assert!(run.state.expect("a state").loops.is_empty(), "a finished loop starts afresh");
    let (_, exhausted) = Run::start(&steps(""), Json::Null);
    assert!(matches!(exhausted, Move::Reject(Some(data)) if data == json!({"v": 5})));
}

#[test]
fn loops_within_loops_do_not_run_for_ever() {
    let (_, next) = Run::start(
        r"
  a: { type: loop, max_iterations: 100, body: b, on: { done: end, exhausted: end } }
  b: { type: loop, max_iterations: 100, body: c, on: { done: a, exhausted: a } }
  c: { type: set_variables, variables: { v: 1 }, on: { next: b } }",
        Json::Null,
    );
    assert!(aborted(next).contains("too many steps"));
}

#[test]
fn variables_do_not_grow_for_ever() {
    let (_, next) = Run::start(
        r"
  a: { type: set_variables, variables: { v: '[1]' }, on: { next: b } }
  b: { type: loop, max_iterations: 100, body: c, on: { done: end, exhausted: end } }
  c: { type: set_variables, variables: { v: '[v, v]' }, on: { next: b } }",
        Json::Null,
    );
    assert!(aborted(next).contains("too large"));
}

#[test]
fn data_is_sent_with_the_next_answer_and_merged() {
    let (mut run, next) = Run::start(
        r#"
  a: { type: provide_json_data, data: { one: "1", both: "'first'" }, on: { next: b } }
  b: { type: information, title: T, text: "`${1 + 1}`", button_text: "@strings.upper('go')", on: { next: c } }
  c: { type: provide_json_data, data: { two: "2", v: "0" }, on: { next: end } }"#,
        Json::Null,
    );
    let Move::Wait(prompt) = next else { panic!("not waiting") };
    assert_eq!(prompt.data, Some(json!({"one": 1, "both": "first"})));
    let PromptBody::Information { title, text, button_text } = prompt.body else {
        panic!("a form")
    };
    assert_eq!((title.as_str(), text.as_str(), button_text.as_str()), ("T", "2", "GO"));
    assert_eq!(completed(run.answer(CLIENT_INPUT, Json::Null)), json!({"two": 2, "v": 1}));
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
    assert_eq!((authentication.user.as_str(), authentication.at), ("ada", NOW));
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
    assert_eq!(data, json!({"late": super::state::DENIED}));
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
