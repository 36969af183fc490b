//! The audit trail as it was printed, held to its published schema.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/observability/audit.schema.json");
    let text = fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("the schema is JSON")
});

/// The events among the lines of a log.
pub(crate) fn events(printed: &str) -> Vec<Value> {
    let lines = printed.lines().filter(|line| line.contains(r#""target":"audit""#));
    // The process may have been killed within its last line.
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl super::Postern {
    /// The events of one action.
    pub(crate) fn trail(&self, action: &str) -> Vec<Value> {
        let mut events = events(&self.printed());
        events.retain(|event| event["action"] == action);
        events
    }
}

/// The events of a log that the schema does not allow.
pub(crate) fn unforeseen(printed: &str) -> Vec<Value> {
    events(printed).into_iter().filter(|event| !is_valid(&SCHEMA, event)).collect()
}

/// Every action that the schema has.
pub(crate) fn actions() -> Vec<String> {
    let events = SCHEMA["oneOf"].as_array().into_iter().flatten();
    let names = events.filter_map(|event| event["properties"]["action"]["enum"].as_array());
    names.flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// Whether a value is as a schema says, as far as JSON Schema is used here. A keyword that is not known
/// is a mistake of the test.
fn is_valid(schema: &Value, value: &Value) -> bool {
    let object = schema.as_object().expect("a schema is an object");
    object.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" | "format" => true,
        "$ref" => {
            let name = rule.as_str().and_then(|it| it.strip_prefix("#/$defs/")).expect("a name");
            is_valid(&SCHEMA["$defs"][name], value)
        }
        "oneOf" => {
            let schemas = rule.as_array().expect("schemas").iter();
            schemas.filter(|schema| is_valid(schema, value)).count() == 1
        }
        "type" => match rule.as_str() {
            Some("object") => value.is_object(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            _ => panic!("a type that is not known: {rule}"),
        },
        "const" => rule == value,
        "enum" => rule.as_array().expect("values").contains(value),
        "minLength" => length(value) >= rule.as_u64().expect("a number"),
        "maxLength" => length(value) <= rule.as_u64().expect("a number"),
        "required" => {
            let mut names = rule.as_array().expect("names").iter().filter_map(Value::as_str);
            names.all(|name| value.get(name).is_some())
        }
        "properties" => {
            let known = |name: &str| rule.get(name);
            let given = value.as_object().into_iter().flatten();
            given.clone().all(|(name, it)| known(name).is_none_or(|schema| is_valid(schema, it)))
        }
        "additionalProperties" => {
            assert_eq!(*rule, Value::Bool(false), "nothing else is used");
            let known: &Map<_, _> = object["properties"].as_object().expect("properties");
            value.as_object().into_iter().flatten().all(|(name, _)| known.contains_key(name))
        }
        _ => panic!("a keyword that is not known: {keyword}"),
    })
}

fn length(value: &Value) -> u64 {
    let characters = value.as_str().unwrap_or_default().chars().count();
    u64::try_from(characters).expect("a short text")
}
