//! Texts and data for the page, in which only a text that begins with `@` or a backtick is an expression.

use std::collections::BTreeSet;

use expressions::Expression;
use serde_json::Value as Json;

use crate::conditions::parse;
use crate::variables::{Use, Variables};

/// What a page is shown as text.
pub(crate) fn text(
    key: &str,
    source: &str,
    variables: &Variables<'_>,
    notes: &mut BTreeSet<String>,
) -> Result<Json, String> {
    // In an export, a text in quotes has `${}` too.
    let quoted = source.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let source = match quoted.filter(|inner| inner.contains("${") && !inner.contains(['`', '"'])) {
        Some(inner) => format!("`{inner}`"),
        None => source.to_owned(),
    };
    let parsed = parse(key, &source)?;
    if let Some(plain) = parsed.text().filter(|text| !definitions::Template::is_expression(text)) {
        return Ok(Json::String(plain.to_owned()));
    }
    let adapted = variables.adapt(&parsed, Use::Output, notes).to_string();
    Ok(Json::String(if definitions::Template::is_expression(&adapted) {
        adapted
    } else {
        format!("`${{{adapted}}}`")
    }))
}

/// What a page is sent as JSON.
pub(crate) fn json(
    parsed: &Expression,
    variables: &Variables<'_>,
    notes: &mut BTreeSet<String>,
) -> Json {
    if let Some(members) = parsed.members() {
        let members = members.into_iter();
        return Json::Object(
            members.map(|(key, it)| (key.to_owned(), json(&it, variables, notes))).collect(),
        );
    }
    match parsed.text() {
        Some(text) if !definitions::Template::is_expression(text) => Json::String(text.to_owned()),
        _ => {
            let adapted = variables.adapt(parsed, Use::Output, notes).to_string();
            Json::String(if definitions::Template::is_expression(&adapted) {
                adapted
            } else {
                // The same value, in an expression that begins as one must.
                format!("@json.parse(@json.stringify({adapted}))")
            })
        }
    }
}
