//! Templates of HTML, and what may be put into them.

use serde_json::Value;

/// What every page has in its head.
pub(crate) const HEAD: &str = include_str!("../page/head.html");

/// The application's name beside the door.
pub(crate) fn brand(application_name: &str) -> String {
    filled(include_str!("../page/brand.html"), |_| escaped(application_name))
}

/// JSON that ends no script element: HTML ends it at `</`, and reads comments from `<!--` on.
pub(crate) fn data(json: &Value) -> String {
    json.to_string().replace('<', "\\u003c")
}

/// A template with each `{{name}}` replaced once: what replaces it is not read again.
pub(crate) fn filled(template: &str, value: impl Fn(&str) -> String) -> String {
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
pub(crate) fn escaped(text: &str) -> String {
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
    use serde_json::json;

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
