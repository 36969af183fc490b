//! Journeys that run others: what fits, what is refused, and that every check follows them.

use std::collections::BTreeSet;

use crate::{Draft, FieldKind, Journey, JourneyId, MAX_DEPTH, MAX_LINKED_STEPS, link};

/// Asks for a code, and runs `verify` with it.
const CALLER: &str = r#"id: caller
start: ask
steps:
  ask:
    type: collect_information
    form_id: f
    fields: [name, code]
    output: form
    on: { submit: login }
  login:
    type: sub_journey
    journey: verify
    params: { user: form.name, code: form.code, source: "'page'" }
    output: result
    on: { success: done, failure: denied }
  done: { type: complete, data: { welcome: result.user } }
  denied: { type: reject_access, data: { why: result.why } }
"#;

const VERIFY: &str = r#"id: verify
start: check
steps:
  check:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    error_output: error
    on: { success: done, failure: denied }
  done: { type: complete, data: { user: "@policy.userContext().user_id" } }
  denied:
    type: reject_access
    data: { why: error.message, source: "@policy.request().params.source" }
"#;

fn load(files: &[&str]) -> (Vec<Journey>, Vec<String>) {
    let drafts = files.iter().enumerate();
    let drafts = drafts.map(|(at, yaml)| Draft::parse(&format!("{at}.yaml"), yaml)).collect();
    let (journeys, problems) = link(drafts, &BTreeSet::new());
    (journeys, problems.iter().map(ToString::to_string).collect())
}

fn caller(files: &[&str]) -> Journey {
    let (journeys, problems) = load(files);
    assert!(problems.is_empty(), "{problems:#?}");
    journeys.into_iter().find(|journey| journey.id().as_str() == "caller").expect("the caller")
}

#[test]
fn a_sub_journey_is_part_of_the_journey_that_runs_it() {
    let journey = caller(&[CALLER, VERIFY]);
    let steps: Vec<_> = journey.steps().collect();
    assert_eq!(steps[1], ("login", "sub_journey"));
    assert_eq!(steps[4], ("login.check", "temp_code_authentication"));
    assert_eq!(steps.len(), 7);
    let form = journey.forms().next().expect("a form");
    let kinds: Vec<_> = form.fields.iter().map(|field| field.kind).collect();
    assert_eq!(kinds, [FieldKind::Identifier, FieldKind::Code]);
    assert_eq!(journey.params().len(), 0, "its parameters are the caller's to give");
}

#[test]
fn what_one_journey_requires_its_caller_requires() {
    let caller_yaml = "
id: caller
start: login
steps:
  login:
    type: sub_journey
    journey: verify
    params:
      user: '@policy.request().params.who'
      code: '@policy.request().params.otp'
      source: 'null'
    on: { success: done, failure: done }
  done: { type: complete }
";
    let journey = caller(&[caller_yaml, VERIFY]);
    let params: Vec<_> =
        journey.parameters().map(|it| (it.name, it.kind, it.is_required)).collect();
    let expected = [("otp", FieldKind::Code, true), ("who", FieldKind::Identifier, true)];
    assert_eq!(params, expected);
}

#[test]
fn each_mistake_is_reported_on_the_line_of_the_step() {
    for (from, to, expected) in [
        ("journey: verify", "journey: Verify", "12: step `login`: `journey`: a journey id must be"),
        ("journey: verify", "journey: nobody", "10: step `login`: unknown journey `nobody`"),
        ("journey: verify", "journey: caller", "10: step `login` runs `caller`, which runs this"),
        (", code: form.code", "", "10: step `login`: journey `verify` needs the parameter `code`"),
        (", source", ", pin: 1, source", "journey `verify` has no parameter `pin`"),
        (", failure: denied", "", "journey `verify` can reject: add the branch `failure`"),
        ("success: done, ", "", "10: step `login`: missing branch `success`"),
        ("output: result", "output: form", "the variable `form` belongs to another kind of step"),
        ("output: result", "output: 'a b'", "14: step `login`: `output` must be at most"),
        ("code: form.code", "code: '`${form.code}`'", "takes its temporary code from"),
        ("'page'", "form.code", "10: `form.code` holds the temporary code"),
        ("user: form.name", "user: form.code", "10: `form.code` holds the temporary code"),
        ("result.user", "form.code", "16: `form.code` holds the temporary code"),
        ("'page'", "@policy.userTokens().id_token", "cannot be kept in a variable"),
        (
            "submit: login }",
            "submit: wait }\n  wait: { type: information, title: a, text: b, \
          button_text: c, on: { next: login } }",
            "step `login.check` can be reached when",
        ),
    ] {
        assert!(CALLER.contains(from), "{from}");
        let (_, problems) = load(&[&CALLER.replacen(from, to, 1), VERIFY]);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{to}: {problems:#?}");
    }
}

#[test]
fn every_check_follows_a_journey_into_those_that_it_runs() {
    for (from, to, expected) in [
        ("params.source", "params[error.message]", "must read each of its parameters by its name"),
        ("@policy.userContext().user_id", "@policy.userTokens()", "cannot be kept in a variable"),
        (
            "failure: denied }\n",
            "failure: again }\n  again: { type: set_variables, variables: { a: 1 }, on: { next: \
             check } }\n",
            "0.yaml:10: step `login.check` is part of a circle",
        ),
        ("params.source\" }", "params.code == 'x'\" }", "holds the temporary code"),
    ] {
        assert!(VERIFY.contains(from), "{from}");
        let (_, problems) = load(&[CALLER, &VERIFY.replacen(from, to, 1)]);
        // What is wrong with a journey by itself is reported there alone.
        let is_found = problems.iter().any(|problem| problem.contains(expected));
        let is_own = problems.iter().all(|problem| problem.starts_with("1.yaml"));
        assert!(is_found || is_own && !problems.is_empty(), "{to}: {problems:#?}");
    }
}

#[test]
fn a_journey_with_problems_makes_none_for_its_callers() {
    let (journeys, problems) = load(&[CALLER, &VERIFY.replace("user_id\" }", "user\" }")]);
    assert!(journeys.is_empty());
    assert!(
        !problems.is_empty() && problems.iter().all(|it| it.starts_with("1.yaml")),
        "{problems:?}"
    );
    let declared = BTreeSet::from([JourneyId::parse("verify").expect("an id")]);
    let (journeys, problems) = link(vec![Draft::parse("0.yaml", CALLER)], &declared);
    assert!(journeys.is_empty() && problems.is_empty());
}

#[test]
fn pairing_counts_through_sub_journeys() {
    let pair = "
id: pair
start: pair
steps:
  pair:
    type: pair_with_support
    external_user_id: '@policy.request().params.user'
    output: number
    on: { next: show, failure: busy }
  show: { type: information, title: '`${number.number}`', text: a, button_text: b, on: { next: done } }
  done: { type: complete }
  busy: { type: reject_access }
";
    let step = "  pair: { type: sub_journey, journey: pair, params: { user: \
                '@policy.request().params.user' }, on: { success: ask, failure: denied } }\n";
    let paired =
        CALLER.replace("start: ask", "start: pair").replace("steps:\n", &format!("steps:\n{step}"));
    assert_eq!(caller(&[&paired, VERIFY, pair]).unpaired_step(), None);
    let around = paired.replace("success: ask, failure: denied", "success: ask, failure: ask");
    assert_eq!(caller(&[&around, VERIFY, pair]).unpaired_step(), Some("login.check"));
}

#[test]
fn journeys_that_run_each_other_have_bounds() {
    let end = "  end: { type: complete }\n";
    let step = |name: &str, run: &str, next: &str| {
        format!("  {name}: {{ type: sub_journey, journey: {run}, on: {{ success: {next} }} }}\n")
    };
    let journey = |id: &str, steps: &str| format!("id: {id}\nstart: a\nsteps:\n{steps}{end}");
    let deep: Vec<_> = (0..=MAX_DEPTH + 1)
        .map(|level| match level {
            0 => journey(
                "j0",
                "  a: { type: set_variables, variables: { v: 1 }, on: { next: end } }\n",
            ),
            _ => journey(&format!("j{level}"), &step("a", &format!("j{}", level - 1), "end")),
        })
        .collect();
    let (journeys, problems) = load(&deep.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((journeys.len(), problems.len()), (MAX_DEPTH + 1, 1), "{problems:?}");
    assert!(problems[0].starts_with("5.yaml:4: step `a`: with its sub-journeys"), "{problems:?}");

    let wide = |id: &str, of: &str| {
        let steps = (0..100).map(|n| step(&format!("s{n}"), of, &format!("s{}", n + 1)));
        let steps: String = step("a", of, "s0") + &steps.collect::<String>();
        journey(id, &steps.replace("s100", "end"))
    };
    let (_, problems) = load(&[&deep[0], &wide("w1", "j0"), &wide("w2", "w1"), &wide("w3", "w2")]);
    let bound = format!("at most {MAX_LINKED_STEPS} steps");
    assert!(problems.len() == 1 && problems[0].contains(&bound), "{problems:?}");

    let (journeys, problems) = load(&[
        &journey("one", &step("a", "two", "end")),
        &journey("two", &step("a", "one", "end")),
        &journey("on", &step("a", "one", "end")),
    ]);
    assert!(journeys.is_empty());
    assert_eq!(problems.len(), 2, "the third has no problem of its own: {problems:?}");
}

#[test]
fn a_session_ends_when_a_sub_journey_changes_and_not_with_a_new_version() {
    use sha2::{Digest as _, Sha256};
    let digest = |files: &[&str]| *caller(files).digest();
    let changed = format!("{VERIFY}# changed\n");
    assert_ne!(digest(&[CALLER, VERIFY]), digest(&[CALLER, &changed]));
    assert_eq!(digest(&[CALLER, VERIFY]), digest(&[CALLER, VERIFY]));
    let plain = Journey::parse("v.yaml", VERIFY).expect("a journey");
    assert_eq!(plain.digest(), Sha256::digest(VERIFY).as_slice());
}
