//! Where a journey may pair, and what may read the number.

use crate::{FieldKind, Journey};

const RECOVERY: &str = r#"id: recovery
start: ask
steps:
  ask:
    type: collect_information
    form_id: user
    fields: [user]
    output: form
    on: { submit: pair }
  pair:
    type: pair_with_support
    external_user_id: form.user
    output: pairing
    on: { next: call, failure: busy }
  busy: { type: reject_access }
  call:
    type: collect_information
    form_id: code
    fields: [code]
    app_data: { pairing: "@json.parse(@json.stringify(pairing))" }
    output: answer
    on: { submit: verify }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: answer.code
    on: { success: done }
  done: { type: complete }
"#;

#[test]
fn a_journey_that_pairs_before_it_asks_for_the_code_loads() {
    let journey = Journey::parse("j.yaml", RECOVERY).expect("a journey");
    let kinds: Vec<_> =
        journey.forms().flat_map(|form| form.fields).map(|field| field.kind).collect();
    assert_eq!(kinds, [FieldKind::Identifier, FieldKind::Code]);
}

#[test]
fn a_way_to_the_code_without_a_pairing_is_found() {
    let step = |yaml: &str| {
        let journey = Journey::parse("j.yaml", yaml).expect("a journey");
        journey.unpaired_step().map(str::to_owned)
    };
    assert_eq!(step(RECOVERY), None);
    let around = RECOVERY.replace("failure: busy", "failure: call");
    let around = around.replace("  busy: { type: reject_access }\n", "");
    let around = around.replace("@json.parse(@json.stringify(pairing))", "`none`");
    assert_eq!(step(&around).as_deref(), Some("verify"));
}

#[test]
fn each_mistake_is_reported_with_its_line() {
    for (from, to, expected) in [
        (
            "    external_user_id: form.user\n    output",
            "    output",
            "10: step `pair`: missing key",
        ),
        ("output: pairing", "output: 7", "13: step `pair`: `output` must be a text"),
        ("next: call, ", "", "10: step `pair`: missing branch `next`"),
        ("failure: busy", "success: busy", "14: step `pair`: `on`: unknown key `success`"),
        ("output: pairing", "output: form", "10: step `pair`: the variable `form` belongs"),
        ("form.user\n    output", "answer.code\n    output", "holds the temporary code"),
        (
            "next: call, failure: busy",
            "next: busy, failure: call",
            "10: step `pair` is not followed by a step that shows its number",
        ),
    ] {
        assert!(RECOVERY.contains(from), "{from}");
        let problems = Journey::parse("j.yaml", &RECOVERY.replacen(from, to, 1)).expect_err(to);
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{problems:#?}");
    }
}
