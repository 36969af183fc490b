//! Attempts to get the temporary code, the reason of a denial or the user's tokens out of a
//! journey: refused when it is loaded.

use crate::Journey;

/// A journey in which a parameter and a form's field hold temporary codes.
fn journey(variables: &str, data: &str, text: &str, condition: &str) -> String {
    format!(
        r#"id: x
start: first
steps:
  first:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.login.code"
    error_output: auth_error
    on: {{ success: set, failure: form }}
  form:
    type: collect_information
    form_id: f
    fields: [user, code]
    output: form
    on: {{ submit: second }}
  second:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form["code"]
    error_output: auth_error
    on: {{ success: set, failure: decide }}
  decide:
    type: condition
    expression: {condition:?}
    on: {{ true: set, false: show }}
  set: {{ type: set_variables, variables: {{ v: {variables:?} }}, on: {{ next: done }} }}
  show: {{ type: information, title: t, text: {text:?}, button_text: b, on: {{ next: denied }} }}
  done: {{ type: complete, data: {{ d: {data:?} }} }}
  denied: {{ type: reject_access }}
"#
    )
}

fn problems(yaml: &str) -> Vec<String> {
    let problems = Journey::parse("j", yaml).err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.reason).collect()
}

const CODE_READS: [&str; 26] = [
    "form.code",
    "form",
    "form['code']",
    "form?.code",
    "form?.['code']",
    "form[`code`]",
    "form['co' + 'de']",
    "form.code.x",
    "form.code ?? 'x'",
    "form.code == '123456'",
    "form.code == form.user",
    "(form.code ?? 'x') == null",
    "(true ? form : form).code",
    "[form][0].code",
    "{a: form}.a.code",
    "`${form.code}`",
    "@strings.upper(form.code)",
    "@json.stringify(form)",
    "@std.keys(form)",
    "@std.len(@policy.request().params.login.code)",
    "@policy.request()",
    "@policy.request().params",
    "@policy.request().params.login",
    "@policy.request()['params'].login['code']",
    "@policy.request().params[form.user]",
    "@json.parse(@json.stringify(@policy.request().params)).login",
];

#[test]
fn the_plain_journey_is_fine() {
    let yaml = journey(
        "form?.user ?? @policy.request().params.other",
        "form.code != null && @policy.request().params.login == null",
        "`${auth_error?.message}`",
        "auth_error.code == 'locked' || 'disabled' == auth_error?.code",
    );
    assert_eq!(problems(&yaml), Vec::<String>::new());
}

#[test]
fn no_expression_reads_the_temporary_code() {
    for read in CODE_READS {
        for yaml in [
            journey(read, "1", "t", "true"),
            journey("1", read, "t", "true"),
            journey("1", "1", &format!("`${{{read}}}`"), "true"),
            journey("1", "1", "t", &format!("({read}) == 'x'")),
        ] {
            // Literals inside templates make two backticks meet; such a read is no expression.
            let found = problems(&yaml);
            let is_refused = found.iter().any(|reason| {
                reason.contains("holds the temporary code") || reason.contains("bad expression")
            });
            assert!(is_refused, "{read}: {found:?}");
        }
        let identifier = journey("1", "1", "t", "true")
            .replace("external_user_id: form.user", &format!("external_user_id: {read:?}"));
        let found = problems(&identifier);
        assert!(found.iter().any(|reason| reason.contains("holds the temporary code")), "{read}");
    }
}

#[test]
fn no_output_reads_why_a_verification_failed() {
    for read in [
        "auth_error",
        "auth_error.code",
        "auth_error?.code ?? 'x'",
        "auth_error['code']",
        "auth_error[`code`]",
        "auth_error.code == 'locked'",
        "auth_error.code == 'locked' ? 1 : 2",
        "@strings.upper(auth_error.code)",
        "@json.stringify(auth_error)",
        "[auth_error]",
    ] {
        for yaml in [
            journey(read, "1", "t", "true"),
            journey("1", read, "t", "true"),
            journey("1", "1", &format!("@json.stringify({read})"), "true"),
        ] {
            let found = problems(&yaml);
            assert!(found.iter().any(|reason| reason.contains("says why")), "{read}: {found:?}");
        }
    }
    for decision in [
        "auth_error.code == form.user",
        "@strings.starts_with(auth_error.code, 'l')",
        "auth_error.code < 'm'",
        "@std.contains(['locked'], auth_error.code)",
    ] {
        let found = problems(&journey("1", "1", "t", decision));
        assert!(found.iter().any(|reason| reason.contains("says why")), "{decision}: {found:?}");
    }
    let found = problems(&journey("1", "1", "t", "auth_error.code == 'loked'"));
    assert!(found[0].contains("no error has the code `loked`"), "{found:?}");
    let found = problems(&journey("1", "auth_error.reason", "t", "true"));
    assert!(found[0].contains("an error has `code` and `message`"), "{found:?}");
}

#[test]
fn tokens_are_not_kept_in_variables() {
    let found = problems(&journey("@policy.userTokens().id_token", "1", "t", "true"));
    assert!(found[0].contains("cannot be kept in a variable"), "{found:?}");
    assert!(problems(&journey("1", "@policy.userTokens().id_token", "t", "true")).is_empty());
}

#[test]
fn nobody_else_sets_what_a_form_or_an_error_sets() {
    for name in ["form", "auth_error"] {
        let yaml = journey("1", "1", "t", "true").replace("{ v:", &format!("{{ {name}:"));
        let found = problems(&yaml);
        assert!(found.iter().any(|reason| reason.contains("another kind of step")), "{found:?}");
    }
}
