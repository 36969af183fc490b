//! Every problem that a file can have is found, on its line, all at once.

use crate::{Journey, Problem};

const GUIDE: &str = r#"id: temp-code-authentication
start: authenticate
steps:
  authenticate:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.external_user_id"
    temp_code: "@policy.request().params.temp_code"
    error_output: auth_error
    on: { success: done, failure: denied }
  done:   { type: complete }
  denied: { type: reject_access }
"#;

const FORM: &str = r#"id: with-form
start: ask
steps:
  ask:
    type: collect_information
    form_id: temp_code
    fields: [user_id, code]
    app_data: { hint: "`Hello ${@policy.request().locale ?? 'you'}`", digits: 6 }
    output: form
    escapes: [{ id: help, display_name: Help, schema: { type: object } }]
    on: { submit: verify, help: helped }
  verify:
    type: temp_code_authentication
    external_user_id: form.user_id
    temp_code: form.code
    on: { success: done, failure: ask }
  helped:
    type: information
    title: Help
    text: "`Call us`"
    button_text: Back
    on: { next: ask }
  done: { type: complete, data: { tokens: "@policy.userTokens()" } }
"#;

fn problems(yaml: &str) -> Vec<String> {
    let problems = Journey::parse("j.yaml", yaml).expect_err("problems");
    problems.iter().map(Problem::to_string).collect()
}

/// The problems of the guide's journey with `from` replaced.
fn changed(source: &str, from: &str, to: &str) -> Vec<String> {
    assert!(source.contains(from), "{from}");
    problems(&source.replacen(from, to, 1))
}

#[test]
fn the_guides_journey_loads_as_it_stands() {
    let journey = Journey::parse("j.yaml", GUIDE).expect("the guide's journey");
    assert_eq!(journey.id().as_str(), "temp-code-authentication");
    let steps: Vec<_> = journey.steps().collect();
    assert_eq!(steps[0], ("authenticate", "temp_code_authentication"));
    assert_eq!(steps.len(), 3);
    assert_eq!(journey.params().iter().collect::<Vec<_>>(), ["external_user_id", "temp_code"]);
}

#[test]
fn a_journey_with_a_form_loads() {
    let journey = Journey::parse("j.yaml", FORM).expect("the form's journey");
    assert_eq!(journey.steps().count(), 4);
    assert!(journey.params().is_empty());
}

/// A journey, what is replaced in it, by what, and the problem that this makes.
const TABLE: &[(&str, &str, &str, &str)] = &[
    (GUIDE, "{ type: complete }", "{ type: compleat }", "10: step `done`: unknown step type"),
    (
        GUIDE,
        "{ type: complete }",
        "{ type: complete, dta: {} }",
        "10: step `done`: unknown key `dta`",
    ),
    (
        GUIDE,
        "{ type: complete }",
        "{ type: complete, on: {} }",
        "10: step `done`: unknown key `on`",
    ),
    (GUIDE, "{ type: complete }", "{}", "10: step `done`: missing key `type`"),
    (GUIDE, "{ type: complete }", "[]", "10: step `done` must be a map"),
    (GUIDE, "denied: {", "done: {", "11: steps: `done` stands twice"),
    (
        GUIDE,
        "failure: denied",
        "failure: nowhere",
        "9: step `authenticate`: `failure`: unknown step",
    ),
    (GUIDE, "start: authenticate", "start: nowhere", "2: start: unknown step `nowhere`"),
    (GUIDE, "success: done, ", "", "4: step `authenticate`: missing branch `success`"),
    (
        GUIDE,
        "failure: denied",
        "failed: denied",
        "9: step `authenticate`: `on`: unknown key `failed`",
    ),
    (GUIDE, "failure: denied", "", "11: step `denied` is unreachable"),
    (
        GUIDE,
        "external_user_id: \"@",
        "external_user_id: \"@@",
        "6: step `authenticate`: `external_user_id`: bad expression: column 2",
    ),
    (
        GUIDE,
        "    external_user_id",
        "    external_id",
        "4: step `authenticate`: missing key `external_user_id`",
    ),
    (
        GUIDE,
        "@policy.request().params.ext",
        "@polizei.request().params.ext",
        "column 1: unknown namespace `@polizei`",
    ),
    (
        GUIDE,
        "@policy.request().params.ext",
        "@policy.reqest().params.ext",
        "column 1: unknown function `@policy.reqest`",
    ),
    (
        GUIDE,
        "@policy.request().params.ext",
        "@policy.request().param.ext",
        "6: step `authenticate`: `external_user_id`: bad expression: column 19: \
         `@policy.request()` has no member `param`: it has `params`, `headers`, `locale`",
    ),
    (GUIDE, "\"@policy.request().params.external_user_id\"", "who", "6: unknown variable `who`"),
    (
        GUIDE,
        "\"@policy.request().params.temp_code\"",
        "\"'123456'\"",
        "7: step `authenticate`: `temp_code` must be a plain path",
    ),
    (
        GUIDE,
        "\"@policy.request().params.temp_code\"",
        "form.code",
        "7: step `authenticate`: no form has the field `form.code`",
    ),
    (
        GUIDE,
        "error_output: auth_error",
        "error_output: \"a b\"",
        "8: step `authenticate`: `error_output` must be at most",
    ),
    (
        GUIDE,
        "error_output: auth_error",
        "identifier_type: name",
        "8: identifier_type must be one of user_id, email",
    ),
    (GUIDE, "id: temp-code", "id: Temp-code", "1: a journey id must be"),
    (GUIDE, "id: temp-code-authentication\n", "", "1: the journey: missing key `id`"),
    (GUIDE, "start: authenticate", "begin: authenticate", "2: the journey: unknown key `begin`"),
    (GUIDE, "  done: ", "  \"Done!\": {type: complete}\n  done: ", "10: the step id `Done!`"),
    (FORM, "fields: [user_id, code]", "fields: []", "7: step `ask`: `fields` must be a list"),
    (
        FORM,
        "fields: [user_id, code]",
        "fields: [user_id, code, code]",
        "7: step `ask`: `fields`: a name stands twice",
    ),
    (FORM, ", help: helped }", " }", "4: step `ask`: missing branch `help`"),
    (FORM, "id: help", "id: submit", "10: step `ask`: the escape id `submit` is taken"),
    (FORM, "id: help,", "ident: help,", "10: step `ask`: an escape: unknown key `ident`"),
    (FORM, "title: Help", "title: [Help]", "19: step `helped`: `title` must be a text"),
    (
        FORM,
        "${@policy.request().locale ?? 'you'}",
        "${1 +}",
        "8: step `ask`: `app_data`: bad expression: column 13",
    ),
    (
        FORM,
        "next: ask",
        "next: verify",
        "12: step `verify` can be reached when its temporary code is not there",
    ),
    (
        FORM,
        "help: helped }",
        "help: verify }",
        "12: step `verify` can be reached when its temporary code is not there",
    ),
    (
        FORM,
        "start: ask",
        "start: verify",
        "12: step `verify` can be reached when its temporary code is not there",
    ),
    (FORM, "output: form", "output: true", "9: step `ask`: `output` must be a text"),
];

#[test]
fn each_problem_is_reported_with_its_line() {
    for (source, from, to, expected) in TABLE {
        let found = changed(source, from, to);
        let expected = if expected.starts_with(|c: char| c.is_ascii_digit()) {
            format!("j.yaml:{expected}")
        } else {
            (*expected).to_owned()
        };
        assert!(found.iter().any(|problem| problem.contains(&expected)), "{to}: {found:#?}");
    }
}

#[test]
fn the_code_of_a_parameter_is_gone_after_a_wait() {
    let again = "steps:\n  retry: {type: information, title: a, text: b, button_text: c, on: {next: authenticate}}";
    let yaml = GUIDE
        .replace("steps:", again)
        .replace("failure: denied", "failure: retry, expired: denied");
    let found = problems(&yaml);
    assert!(found[0].starts_with("j.yaml:5: step `authenticate` can be reached when"), "{found:?}");
}

#[test]
fn all_problems_come_at_once() {
    let yaml = GUIDE
        .replace("{ type: complete }", "{ type: complete, data: { a: '1 +', b: nobody } }")
        .replace("error_output", "error_outputs")
        .replace("{ type: reject_access }", "{ type: reject_access, data: { c: '`${' } }");
    let found = problems(&yaml);
    let lines: Vec<_> = found.iter().filter_map(|problem| problem.split(':').nth(1)).collect();
    assert_eq!(lines, ["8", "10", "10", "11"], "{found:#?}");
}

fn steps(steps: &str) -> String {
    format!("id: x\nstart: a\nsteps:\n{steps}\n  end: {{ type: complete }}\n")
}

#[test]
fn ways_that_lead_astray_are_refused() {
    let set = |name: &str, next: &str| {
        format!("  {name}: {{type: set_variables, variables: {{v: 1}}, on: {{next: {next}}}}}\n")
    };
    let repeat = |name: &str, body: &str, done: &str| {
        format!(
            "  {name}: {{type: loop, while: 'true', max_iterations: 3, body: {body}, on: {{done: {done}, exhausted: {done}}}}}\n"
        )
    };
    let decide = |name: &str, yes: &str, no: &str| {
        format!(
            "  {name}: {{type: condition, expression: 'true', on: {{true: {yes}, false: {no}}}}}\n"
        )
    };
    for (yaml, expected) in [
        (set("a", "b") + &set("b", "a"), "step `a` is a dead end"),
        (set("a", "b") + &set("b", "a"), "step `a` is part of a circle"),
        (decide("a", "b", "end") + &set("b", "a"), "step `a` is part of a circle"),
        (decide("a", "a", "end"), "step `a` is part of a circle"),
        (
            repeat("a", "b", "end") + &set("b", "end"),
            "step `a` is a loop whose body never leads back",
        ),
        (
            repeat("a", "b", "c") + &set("b", "a") + &decide("c", "a", "end"),
            "step `a` is part of a circle",
        ),
        (set("a", "end") + &set("b", "end"), "step `b` is unreachable"),
    ] {
        let found = problems(&steps(&yaml));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{yaml}{found:#?}");
    }
    let nested = repeat("a", "b", "end") + &repeat("b", "c", "a") + &set("c", "b");
    assert!(Journey::parse("j.yaml", &steps(&nested)).is_ok());
    for rounds in ["0", "101", "2.5", "'3'", "-1"] {
        let yaml = steps(&(repeat("a", "b", "end") + &set("b", "a")))
            .replace("max_iterations: 3", &format!("max_iterations: {rounds}"));
        assert!(problems(&yaml)[0].contains("`max_iterations` must be a whole number"), "{rounds}");
    }
}

#[test]
fn a_journey_has_bounds() {
    let long = format!("{GUIDE}# {}", "x".repeat(64 * 1024));
    assert_eq!(problems(&long), ["j.yaml: a journey has at most 65536 bytes"]);
    let many =
        (0..200).map(|n| format!("  s{n}: {{ type: complete }}\n")).collect::<Vec<_>>().concat();
    assert_eq!(problems(&steps(&many)), ["j.yaml:4: a journey has 1 to 200 steps"]);
    assert!(problems("id: x\nstart: a\nsteps: {}\n")[0].contains("1 to 200 steps"));
    assert!(problems("")[0].contains("must be a map"));
    assert!(problems("a: b: c")[0].starts_with("j.yaml:1: "));
    let indented: Vec<_> = (0..300).map(|depth| " ".repeat(depth) + "a:\n").collect();
    for bomb in [format!("[{}]", "x,".repeat(30_000)), "[".repeat(10_000), indented.concat()] {
        let found = problems(&bomb);
        let is_read = found.iter().any(|problem| problem.contains("must be a map"));
        assert!(found.len() == 1 && !is_read, "{found:?}");
    }
}
