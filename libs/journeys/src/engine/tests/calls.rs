//! A sub-journey runs as it would by itself; only its output stays.

use std::collections::BTreeSet;

use definitions::{Draft, Journey, link};
use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use super::{CLIENT_INPUT, Event, Move, Run, completed};
use crate::engine::PromptBody;
use crate::verdict::Verdict;

/// Counts to `n` and asks for a text; rejects what is longer than `n`.
const COUNT: &str = r#"
id: count
start: zero
steps:
  zero: { type: set_variables, variables: { at: 0 }, on: { next: rounds } }
  rounds:
    type: loop
    max_iterations: 5
    body: add
    on: { done: ask, exhausted: many }
  add: { type: set_variables, variables: { at: at + 1 }, on: { next: enough } }
  enough:
    type: condition
    expression: "at >= @policy.request().params.n"
    on: { "true": ask, "false": rounds }
  ask:
    type: collect_information
    form_id: text
    fields: [text]
    app_data: { at: "@json.parse(@json.stringify(at))", hint: "`${@policy.request().params.hint}`" }
    output: form
    on: { submit: long }
  long:
    type: condition
    expression: "@std.len(form.text) > at"
    on: { "true": refused, "false": done }
  done: { type: complete, data: { at: at, text: form.text } }
  refused: { type: reject_access, data: { text: form.text } }
  many: { type: reject_access }
"#;

/// Runs `count` and takes what it gives, whether it completes or rejects.
const CALLER: &str = r#"
id: caller
start: count
steps:
  count:
    type: sub_journey
    journey: count
    params: { n: "@policy.request().params.n", hint: "`a ${@policy.request().params.hint}`" }
    output: result
    on: { success: well, failure: badly }
  well: { type: complete, data: { result: result } }
  badly: { type: reject_access, data: { result: result } }
"#;

fn linked(files: &[&str], id: &str) -> Journey {
    let drafts = files.iter().map(|yaml| Draft::parse("j", yaml)).collect();
    let (journeys, problems) = link(drafts, &BTreeSet::new());
    assert!(problems.is_empty(), "{problems:?}");
    journeys.into_iter().find(|journey| journey.id().as_str() == id).expect("the journey")
}

/// What the form shows, if there is one, and how the journey ends after `text`.
fn outcome(journey: Journey, params: Json, text: &str) -> (Option<Json>, bool, Option<Json>) {
    let (mut run, mut next) = Run::of(journey, params);
    let mut shown = None;
    if let Move::Wait(prompt) = next {
        let PromptBody::Form { app_data, .. } = prompt.body else { panic!("no form") };
        shown = app_data;
        next = run.answer(CLIENT_INPUT, json!({"text": text}));
    }
    match next {
        Move::Complete(data) => (shown, true, data),
        Move::Reject(data) => (shown, false, data),
        Move::Abort(abort) => panic!("aborted: {abort}"),
        _ => panic!("not ended"),
    }
}

proptest! {
    #[test]
    fn a_journey_runs_within_another_as_it_runs_by_itself(n in 0..8_u8, text in "[a-z]{0,6}") {
        let alone = outcome(
            linked(&[COUNT], "count"),
            json!({"n": n, "hint": format!("a {text}")}),
            &text,
        );
        let within = outcome(
            linked(&[CALLER, COUNT], "caller"),
            json!({"n": n, "hint": text}),
            &text,
        );
        let (shown, completes, data) = alone;
        let data = Some(json!({"result": data.unwrap_or_else(|| json!({}))}));
        prop_assert_eq!(within, (shown, completes, data));
    }
}

#[test]
fn it_starts_afresh_each_time_and_keeps_its_variables_to_itself() {
    let twice = r#"
id: caller
start: at
steps:
  at: { type: set_variables, variables: { at: "'mine'", total: 0 }, on: { next: rounds } }
  rounds: { type: loop, max_iterations: 3, body: count, on: { done: end, exhausted: end } }
  count:
    type: sub_journey
    journey: count
    params: { n: 2, hint: at }
    output: result
    on: { success: add, failure: end }
  add: { type: set_variables, variables: { total: total + result.at }, on: { next: rounds } }
  end: { type: complete, data: { at: at, total: total } }
"#;
    let (mut run, mut next) = Run::of(linked(&[twice, COUNT], "caller"), json!({}));
    for _ in 0..3 {
        let Move::Wait(prompt) = next else { panic!("not waiting") };
        let PromptBody::Form { app_data, .. } = prompt.body else { panic!("no form") };
        assert_eq!(app_data, Some(json!({"at": 2, "hint": "mine"})));
        next = run.answer(CLIENT_INPUT, json!({"text": "ab"}));
    }
    assert_eq!(completed(next), json!({"at": "mine", "total": 6}));
    let left: Vec<_> = run.state.expect("a state").variables.into_keys().collect();
    assert_eq!(left, ["at", "result", "total"]);
}

#[test]
fn the_code_reaches_the_verifier_through_a_sub_journey_and_stays_secret() {
    let (caller, verify) = (
        r#"
id: caller
start: login
steps:
  login:
    type: sub_journey
    journey: verify
    params: { login: "@policy.request().params" }
    on: { success: done, failure: done }
  done: { type: complete }
"#,
        r#"
id: verify
start: check
steps:
  check:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.login.user"
    temp_code: "@policy.request().params.login.code"
    on: { success: done, failure: denied }
  done: { type: complete }
  denied: { type: reject_access }
"#,
    );
    let journey = linked(&[caller, verify], "caller");
    let (mut run, next) = Run::of(journey, json!({"user": "ada", "code": "123456", "x": 1}));
    let Move::Verify { identifier, code, .. } = next else { panic!("not verifying") };
    assert_eq!((identifier.as_str(), code.expose_secret()), ("ada", "123456"));
    let request = run.state.as_ref().expect("a state").request.to_json().to_string();
    assert!(!request.contains("123456"), "{request}");
    let end = run.on(Event::Verified(Verdict::Rejected { reason: None }));
    assert!(matches!(end, Move::Complete(None)));
}
