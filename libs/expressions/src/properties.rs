//! Properties of every source: no panic, bounded work, the same result twice.

use proptest::prelude::*;

use crate::Expression;
use crate::error::EvaluateError;
use crate::evaluate::Purpose;
use crate::tests::evaluate_for;
use crate::value::{MAX_WEIGHT, Value};

/// The expression's outcome, comparable.
fn outcome(source: &str, purpose: Purpose) -> Result<String, EvaluateError> {
    evaluate_for(source, purpose).map(|value| value.to_json().to_string())
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,3}",
        "'[a-z]{0,3}'",
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("form.name".to_owned()),
        Just("form?.empty".to_owned()),
        Just("never_set".to_owned()),
        Just("long".to_owned()),
        Just("secret".to_owned()),
        Just("auth_error.code".to_owned()),
        Just("@policy.request().params.temp_code".to_owned()),
        Just("@policy.request().params".to_owned()),
        Just("@policy.request()".to_owned()),
        Just("@time.now()".to_owned()),
    ]
}

/// Sources that parse, most of them.
fn source() -> impl Strategy<Value = String> {
    let operators =
        vec!["??", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];
    leaf().prop_recursive(6, 48, 3, move |inner| {
        let operator = proptest::sample::select(operators.clone());
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, o, r)| format!("({l} {o} {r})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(c, y, n)| format!("({c} ? {y} : {n})")),
            inner.clone().prop_map(|x| format!("!{x}")),
            inner.clone().prop_map(|x| format!("[{x}, {x}, {x}]")),
            inner.clone().prop_map(|x| format!("{{a: {x}, b: {x}}}")),
            inner.clone().prop_map(|x| format!("`<${{{x}}}>`")),
            inner.clone().prop_map(|x| format!("@json.stringify({x})")),
            inner.clone().prop_map(|x| format!("@strings.split({x}, 'x')")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("@strings.join({l}, {r})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("@strings.replace({a}, {b}, {c})")),
            (inner.clone(), inner).prop_map(|(l, r)| format!("{l}?.[{r}]")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused(source in "\\PC{0,200}") {
        drop(Expression::parse(&source));
    }

    #[test]
    fn any_soup_of_symbols_parses_or_is_refused(
        source in "([a-z0-9 ]|[-+*/%!?:.,(){}\\[\\]@`'\"$<>=&|\\\\]|\\?\\.|\\$\\{){0,80}",
    ) {
        drop(Expression::parse(&source));
    }

    #[test]
    fn evaluation_is_bounded_repeatable_and_keeps_secrets(source in source()) {
        prop_assume!(Expression::parse(&source).is_ok());
        for purpose in [Purpose::Output, Purpose::Decision] {
            let once = outcome(&source, purpose);
            prop_assert_eq!(&once, &outcome(&source, purpose));
            if let Ok(value) = evaluate_for(&source, purpose) {
                let measure = value.measure();
                prop_assert!(measure.is_ok_and(|m| !m.is_tainted && m.weight <= MAX_WEIGHT));
                let text = value.to_json().to_string();
                prop_assert!(!text.contains("123456") && !text.contains("locked"), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_written_parses_to_the_same_tree(source in source(), text in "\\PC{0,20}") {
        for source in [source, format!("-(-{text})"), format!("`{text}`"), format!("'{text}'")] {
            let Ok(expression) = Expression::parse(&source) else { continue };
            let written = expression.to_string();
            let again = Expression::parse(&written).map(|again| again.root);
            prop_assert_eq!(again, Ok(expression.root), "{}", written);
        }
    }

    #[test]
    fn a_json_text_is_what_it_says(text in "[ -~]{0,40}") {
        let json = serde_json::Value::String(text);
        let value = Value::from_json(json.clone()).map(|value| value.to_json());
        prop_assert_eq!(value, Ok(json));
    }
}
