//! Compares two replies field by field, where some values are drawn anew for each reply.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// The keys of texts for people.
const PROSE: [&str; 4] = ["message", "error_description", "error_message", "description"];

/// The paths of what `before` has and `now` has not, or not alike; with both values.
pub(super) fn lost(before: &Value, now: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    compare("", before, now, &mut found);
    found
}

fn compare(path: &str, before: &Value, now: &Value, found: &mut Vec<(String, String)>) {
    match (form(before), form(now)) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in &before {
                let now = now.get(key).unwrap_or(&Value::Null);
                // People read texts, and their words may change; programs read the codes beside them.
                let is_prose =
                    PROSE.contains(&key.as_str()) && value.is_string() && now.is_string();
                if !is_prose {
                    compare(&format!("{path}/{key}"), value, now, found);
                }
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (at, (before, now)) in before.iter().zip(&now).enumerate() {
                compare(&format!("{path}/{at}"), before, now, found);
            }
        }
        (before, now) if before == now => {}
        (before, now) => found.push((path.to_owned(), format!("{before} became {now}"))),
    }
}

/// A value, or the form of one that is drawn anew for each reply: instants, ids, codes and tokens.
fn form(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|it| it > 1e9) => "an instant".into(),
        Value::String(text) => text_form(text),
        // What is not there is as good as null to a reader.
        Value::Object(members) => {
            let is_there = |(_, member): &(&String, &Value)| !member.is_null();
            let members = members.iter().filter(is_there);
            Value::Object(members.map(|(key, it)| (key.clone(), it.clone())).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn text_form(text: &str) -> Value {
    let is_code = text.len() >= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_instant = text.len() >= 20 && text.ends_with('Z') && text[..4].parse::<u16>().is_ok();
    let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
    let has_both_cases = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_drawn =
        text.len() >= 16 && (has(u8::is_ascii_digit) || has_both_cases) && !text.contains(' ');
    if let Some(token) = token(text) {
        token
    } else if is_code {
        json!(format!("{} digits", text.len()))
    } else if is_instant {
        json!("an instant")
    } else if is_drawn {
        json!("drawn")
    } else {
        json!(text)
    }
}

/// The header and the claims of a JSON Web Token.
fn token(text: &str) -> Option<Value> {
    let [header, claims, _] = text.split('.').collect::<Vec<_>>()[..] else { return None };
    let part = |part: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    Some(json!({"header": part(header)?, "claims": part(claims)?}))
}
