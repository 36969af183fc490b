//! Values as an author sees them: JSON, in which what must not get out is only marked.

use expressions::Value;
use serde_json::Value as Json;

/// The value as JSON. A secret is `(secret)`; why a code was denied is `(guarded)`.
pub(crate) fn shown(value: &Value) -> Json {
    match value {
        Value::Secret(_) => Json::from("(secret)"),
        Value::Guarded(_) => Json::from("(guarded)"),
        Value::List(items) => items.iter().map(shown).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, member)| (key.clone(), shown(member))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => value.to_json(),
    }
}
