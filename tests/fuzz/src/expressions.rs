//! Expressions: an evaluation ends within its bounds and gives nothing secret away.

use std::collections::BTreeMap;

use clock::Timestamp;
use expressions::{Expression, MAX_WEIGHT, Purpose, Scope, Value};
use serde_json::{Value as Json, json};

/// The secret of the scope, which no value may hold.
const CODE: &str = "831946";

pub(crate) fn expression(data: &[u8]) {
    let Ok(source) = str::from_utf8(data) else { return };
    let Ok(expression) = Expression::parse(source) else { return };
    let code = Value::secret(json!(CODE));
    let params = BTreeMap::from([("temp_code".to_owned(), code.clone())]);
    let request = BTreeMap::from([("params".to_owned(), Value::Object(params))]);
    let variables = BTreeMap::from([
        ("code".to_owned(), code),
        ("long".to_owned(), Value::Text("x".repeat(MAX_WEIGHT / 2))),
        ("why".to_owned(), Value::Guarded("locked".to_owned())),
    ]);
    let scope = Scope {
        variables: &variables,
        request: &Value::Object(request),
        device: &Value::Null,
        user: &Value::Null,
        tokens: &Value::Null,
        now: Timestamp::from_unix_millis(0),
    };
    for purpose in [Purpose::Output, Purpose::Decision] {
        let Ok(value) = expression.evaluate(&scope, purpose) else { continue };
        let measure = value.measure().expect("a value within its bounds");
        assert!(!measure.is_tainted, "a secret or guarded value");
        assert!(source.contains(CODE) || !tells(&value.to_json()));
    }
}

/// Whether the code is in a value. JSON's text would not do: in it, `\u0018` followed by `31946` has the
/// digits of the code.
fn tells(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) => false,
        Json::Number(number) => number.to_string().contains(CODE),
        Json::String(text) => text.contains(CODE),
        Json::Array(items) => items.iter().any(tells),
        Json::Object(members) => {
            members.iter().any(|(name, value)| name.contains(CODE) || tells(value))
        }
    }
}
