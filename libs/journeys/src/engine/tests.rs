//! Each type of step does what its description says.

mod authentication;
mod calls;
mod forms;

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId};
use codes::record::DenialReason;
use definitions::{Journey, Part};
use serde_json::{Map, Value as Json, json};

use super::state::{State, surroundings};
use super::{CLIENT_INPUT, Event, Move, PromptBody, advance};
use crate::request::Start;
use crate::verdict::{Malformed, Verdict};

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
        Self::of(Journey::parse("x", &yaml).expect("a journey"), params)
    }

    /// Starts a journey.
    fn of(journey: Journey, params: Json) -> (Self, Move) {
        let mut start = Start::new(journey.id().clone(), object(params));
        let seen = surroundings(&journey, &mut start).expect("small");
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

fn rejected(reason: DenialReason) -> Verdict {
    Verdict::Rejected { reason: Some(reason) }
}

fn malformed(part: Part) -> Verdict {
    Verdict::Malformed(vec![Malformed { part, rule: "must be another".to_owned() }])
}
