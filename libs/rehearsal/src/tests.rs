//! Tests of rehearsals.

use std::collections::BTreeMap;

use clock::Timestamp;
use definitions::Journey;
use journeys::engine::{PromptBody, PromptError};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{Input, Outcome, RehearsalError, Scene, Script, Stop, read, rehearse};

const NOW: Timestamp = Timestamp::from_unix_millis(1_000);

const RECOVERY: &str = r#"
id: recovery
start: identify
steps:
  identify:
    type: collect_information
    form_id: account
    fields: [user]
    output: account
    on: { submit: pair }
  pair:
    type: pair_with_support
    external_user_id: account.user
    output: pairing
    on: { next: redeem, failure: busy }
  redeem:
    type: collect_information
    form_id: code
    fields: [code, note]
    output: answer
    app_data: { pairing: "@json.parse(@json.stringify(pairing))" }
    escapes: [{ id: again, display_name: Another number }]
    on: { submit: check, again: pair }
  check:
    type: temp_code_authentication
    external_user_id: account.user
    temp_code: answer.code
    error_output: error
    on: { success: done, failure: redeem, expired: late }
  late: { type: information, title: Late, text: "`Sorry, ${account.user}`", button_text: Back, on: { next: redeem } }
  busy: { type: reject_access, data: { why: "`busy`" } }
  done: { type: complete, data: { token: "@policy.userTokens().access_token" } }
"#;

fn journey() -> Journey {
    read(RECOVERY).expect("a journey")
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Input {
    Input::Submit(fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into())
}

/// The inputs up to the verification, with these after it.
fn script(journey: &Journey, inputs: &[Input]) -> Script {
    let mut script = Script::default();
    let first = [
        fields([("user", "jane")]),
        Input::Paired(true),
        fields([("code", "987654"), ("note", "hello")]),
    ];
    for input in first.iter().chain(inputs) {
        script.push(journey, input.clone());
    }
    script
}

fn played<'j>(journey: &'j Journey, inputs: &[Input]) -> Scene<'j> {
    rehearse(journey, &script(journey, inputs), NOW).expect("it fits")
}

#[test]
fn the_author_chooses_each_outcome_and_sees_where_it_leads() {
    let journey = journey();
    let scene = played(&journey, &[]);
    assert!(matches!(&scene.stop, Stop::Verifies(_, user) if user == "jane"), "{scene:?}");
    assert_eq!(scene.trail, ["identify", "pair", "redeem", "check"]);

    let scene = played(&journey, &[Input::Verified(Outcome::Accepted)]);
    let Stop::Completed(Some(data)) = &scene.stop else { panic!("{scene:?}") };
    assert_eq!(*data, json!({"token": "(access token)"}));
    assert_eq!(scene.trail, ["identify", "pair", "redeem", "check", "done"]);

    for outcome in [Outcome::Wrong, Outcome::Locked] {
        let scene = played(&journey, &[Input::Verified(outcome)]);
        let Stop::Asks(prompt) = &scene.stop else { panic!("{scene:?}") };
        assert_eq!(prompt.error, Some(PromptError::InvalidCredentials));
    }
    let scene = played(&journey, &[Input::Verified(Outcome::Expired)]);
    let Stop::Asks(prompt) = &scene.stop else { panic!("{scene:?}") };
    let PromptBody::Information { text, .. } = &prompt.body else { panic!("{prompt:?}") };
    assert_eq!(text, "Sorry, jane");
    let scene = rehearse(
        &journey,
        &{
            let mut script = Script::default();
            script.push(&journey, fields([("user", "jane")]));
            script.push(&journey, Input::Paired(false));
            script
        },
        NOW,
    );
    let stop = scene.expect("it fits").stop;
    assert!(
        matches!(&stop, Stop::Rejected(Some(data)) if *data == json!({"why": "busy"})),
        "{stop:?}"
    );
}

#[test]
fn a_session_ends_after_as_many_failures_as_a_policy_allows() {
    let journey = journey();
    let again = [fields([("code", "1"), ("note", "n")]), Input::Verified(Outcome::Wrong)];
    let wrong = [Input::Verified(Outcome::Wrong)];
    let scene = played(&journey, &[&wrong[..], &again, &again].concat());
    assert!(matches!(scene.stop, Stop::Rejected(None)), "{scene:?}");
}

#[test]
fn variables_are_visible_and_secrets_only_marked() {
    let journey = journey();
    let scene = played(&journey, &[Input::Verified(Outcome::Wrong)]);
    assert_eq!(scene.variables["answer"], json!({"code": "(secret)", "note": "hello"}));
    assert_eq!(scene.variables["error"]["code"], json!("(guarded)"));
    assert_eq!(scene.variables["pairing"]["number"], json!("123456"));
}

#[test]
fn a_script_holds_no_code() {
    let journey = journey();
    let script = script(&journey, &[]);
    let text = serde_json::to_string(&script).expect("JSON");
    assert!(!text.contains("987654") && text.contains("hello"), "{text}");
    assert_eq!(serde_json::from_str::<Script>(&text).expect("a script"), script);

    let yaml = "{id: x, start: a, steps: {a: {type: temp_code_authentication, external_user_id: \
        '@policy.request().params.user', temp_code: '@policy.request().params.code', on: {success: b}}, \
        b: {type: complete}}}";
    let journey = read(yaml).expect("a journey");
    let params = [("user", "jane"), ("code", "987654")];
    let script = Script::new(&journey, params.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    assert!(!format!("{script:?}").contains("987654"), "{script:?}");
    let scene = rehearse(&journey, &script, NOW).expect("it fits");
    assert!(matches!(&scene.stop, Stop::Verifies(_, user) if user == "jane"), "{scene:?}");
    let scene = rehearse(&journey, &Script::default(), NOW).expect("it fits");
    assert!(matches!(&scene.stop, Stop::Refused(wrong) if wrong.len() == 2), "{scene:?}");
}

#[test]
fn an_input_that_does_not_fit_is_refused_by_its_place() {
    let journey = journey();
    for (wrong, at) in [
        (Input::Submit(BTreeMap::new()), 4),
        (Input::Paired(true), 4),
        (Input::Escape("again".to_owned()), 4),
    ] {
        let error = rehearse(&journey, &script(&journey, &[wrong]), NOW).err();
        assert_eq!(error, Some(RehearsalError::Unfit(at)));
    }
    let mut one = Script::default();
    one.push(&journey, Input::Escape("no_such".to_owned()));
    assert_eq!(rehearse(&journey, &one, NOW).err(), Some(RehearsalError::Unfit(1)));
    one.pop();
    assert!(matches!(rehearse(&journey, &one, NOW).expect("it fits").stop, Stop::Asks(_)));
    let done = [Input::Verified(Outcome::Accepted), Input::Paired(true)];
    assert_eq!(
        rehearse(&journey, &script(&journey, &done), NOW).err(),
        Some(RehearsalError::Unfit(5))
    );
    for _ in 0..=crate::MAX_INPUTS {
        one.push(&journey, Input::Paired(true));
    }
    assert_eq!(rehearse(&journey, &one, NOW).err(), Some(RehearsalError::TooLong));
}

#[test]
fn mistakes_have_the_line_of_the_text_also_in_a_sub_journey() {
    let caller = "id: a\nstart: run\nsteps:\n  run: {type: sub_journey, journey: b, on: {success: done}}\n  \
         done: {type: complete}\n---\n";
    let other = "id: b\nstart: end\nsteps:\n  end: {type: complete}\n";
    let text = format!("{caller}{other}");
    let journey = read(&text).expect("both");
    let scene = rehearse(&journey, &Script::default(), NOW).expect("it fits");
    assert_eq!(scene.trail, ["run", "run.end", "done"]);
    let problems =
        read(&text.replace("type: complete}\n---", "type: gone}\n---")).expect_err("a mistake");
    assert_eq!(problems[0].line, Some(5), "{problems:?}");
    let problems = read(&format!("{text}  more: {{type: complete}}\n")).expect_err("unreachable");
    assert_eq!(problems[0].line, Some(11), "{problems:?}");
    assert!(
        read("").is_err() && read("---\n").is_err() && read(&"---\nid: a\n".repeat(9)).is_err()
    );
    assert!(read(&format!("{other}---\n{other}")).is_err());
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let names = prop_oneof!["user", "code", "note", "x"];
    let input = prop_oneof![
        4 => prop::collection::btree_map(names, ".{0,8}", 0..3).prop_map(Input::Submit),
        4 => Just(fields([("user", "jane")])),
        4 => Just(fields([("code", "987654"), ("note", "hello")])),
        1 => prop_oneof!["again", "other"].prop_map(Input::Escape),
        4 => prop::sample::select(Outcome::ALL.to_vec()).prop_map(Input::Verified),
        4 => any::<bool>().prop_map(Input::Paired),
    ];
    prop::collection::vec(input, 0..20)
}

proptest! {
    #[test]
    fn whatever_is_played_stays_within_bounds_shows_no_code_and_plays_again(inputs in inputs()) {
        let journey = journey();
        let mut script = Script::default();
        // Only inputs that fit stay.
        for input in inputs {
            script.push(&journey, input);
            if rehearse(&journey, &script, NOW).is_err() {
                script.pop();
            }
        }
        let scene = rehearse(&journey, &script, NOW).expect("it fits");
        let again = rehearse(&journey, &script, NOW).expect("it fits");
        prop_assert_eq!(format!("{scene:?}"), format!("{again:?}"));
        prop_assert!(scene.trail.len() <= 1_000);
        let shown: BTreeMap<String, Json> = scene.variables;
        let shown = format!("{} {:?}", json!(shown), scene.stop);
        prop_assert!(!shown.contains("987654"), "{}", shown);
    }
}
