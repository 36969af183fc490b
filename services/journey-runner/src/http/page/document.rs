//! The page's HTML: a template, and what the page's scripts are told, as JSON.

use definitions::Form;
use serde_json::{Value, json};

use super::Host;
use super::language::Language;

const TEMPLATE: &str = include_str!("../../../page/index.html");

/// The page of a journey in a language.
pub(super) fn render(host: &Host<'_>, language: &Language) -> String {
    filled(TEMPLATE, |name| match name {
        "lang" => escaped(language.tag),
        "client_id" => escaped(host.client.id.as_str()),
        "journey_id" => escaped(host.journey.id().as_str()),
        "application_name" => escaped(&host.application.name),
        "page" => data(&told(host, language)),
        text => escaped(language.text(text.trim_start_matches("texts."))),
    })
}

/// What the scripts are told.
fn told(host: &Host<'_>, language: &Language) -> Value {
    let Host { application, journey, .. } = host;
    let shape = application.policy.shape();
    json!({
        "texts": language.texts,
        "start": journey.start_fields(),
        "forms": journey.forms().collect::<Vec<Form<'_>>>(),
        "code": { "length": shape.length(), "alphabet": shape.alphabet().as_str() },
        "support": { "phone": application.support.phone, "hint": application.support.hint },
    })
}

/// JSON that ends no script element: HTML ends it at `</`, and reads comments from `<!--` on.
fn data(json: &Value) -> String {
    json.to_string().replace('<', "\\u003c")
}

/// A template with each `{{name}}` replaced once: what replaces it is not read again.
fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = template.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        filled.push_str(&value(name));
        filled.push_str(rest);
    }
    filled
}

/// Text that means itself in HTML, also inside a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_bring_markup_into_the_page() {
        assert_eq!(escaped("A&B \"<script>'"), "A&amp;B &quot;&lt;script&gt;&#39;");
        let told = json!({ "label": "</script><!-- \u{2028}" });
        let written = data(&told);
        assert!(!written.contains('<'), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), told);
    }

    #[test]
    fn what_replaces_a_placeholder_is_not_replaced_again() {
        let value = |name: &str| if name == "a" { "{{b}}".to_owned() } else { "never".to_owned() };
        assert_eq!(filled("1 {{a}} 2", value), "1 {{b}} 2");
    }
}
