//! Writes steps as YAML that an author goes on with.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

/// A step, ready to be written.
pub(crate) struct Step {
    pub(crate) comments: Vec<String>,
    pub(crate) keys: Vec<(&'static str, Json)>,
}

/// Writes a comment. No text of an export can end it.
pub(crate) fn comment(yaml: &mut String, indent: usize, text: &str) {
    let text: String = text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect();
    let _ = writeln!(yaml, "{:indent$}# {}", "", text.trim());
}

/// Writes a step.
pub(crate) fn step(yaml: &mut String, name: &str, step: &Step) {
    for text in &step.comments {
        comment(yaml, 2, text);
    }
    let _ = writeln!(yaml, "  {name}:");
    for (key, value) in &step.keys {
        member(yaml, 4, key, value);
    }
}

fn member(yaml: &mut String, indent: usize, key: &str, value: &Json) {
    let key = scalar(key);
    match value {
        Json::Object(members) if !members.is_empty() && key != "on" => {
            let _ = writeln!(yaml, "{:indent$}{key}:", "");
            for (key, value) in members {
                member(yaml, indent + 2, key, value);
            }
        }
        value => {
            let _ = writeln!(yaml, "{:indent$}{key}: {}", "", inline(value));
        }
    }
}

/// A value on one line.
fn inline(value: &Json) -> String {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::String(text) => scalar(text),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => map(members),
    }
}

fn map(members: &Map<String, Json>) -> String {
    let members: Vec<_> =
        members.iter().map(|(key, value)| format!("{}: {}", scalar(key), inline(value))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

/// A text, in quotes unless it is one in YAML without them.
fn scalar(text: &str) -> String {
    const RESERVED: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "nan"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let is_reserved = RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word));
    // The key is no boolean here.
    if is_plain && (!is_reserved || text == "on") && text.len() < 200 {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_printable(c) => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether YAML and an editor show the character as it is, on one line.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        && !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_ends_a_comment_or_a_quoted_string() {
        for text in ["a\nid: x", "a\u{2028}b", "a\r\n\u{85}\u{0}\u{7f}", "\"\\' }]: # \u{1f600}"] {
            let mut yaml = String::new();
            let keys = vec![("text", json!({ "list": [text, { text: text }] }))];
            step(&mut yaml, "name", &Step { comments: vec![text.to_owned()], keys });
            assert_eq!(yaml.lines().count(), 4, "{yaml}");
            assert!(yaml.chars().all(|c| c == '\n' || is_printable(c)), "{yaml:?}");
        }
    }
}
