//! The languages of the page: one file of texts each, chosen by `Accept-Language`.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use serde_json::{Map, Value};

/// A language that the page speaks.
pub(crate) struct Language {
    /// Its tag, as `lang` has it.
    pub(crate) tag: &'static str,
    /// Its texts, by key.
    pub(crate) texts: Map<String, Value>,
}

/// Every language. The first is that of browsers which ask for none of them.
static LANGUAGES: LazyLock<[Language; 2]> = LazyLock::new(|| {
    let read = |tag, file: &str| {
        // A test reads every file.
        Language { tag, texts: serde_json::from_str(file).unwrap_or_default() }
    };
    [read("en", include_str!("../texts/en.json")), read("de", include_str!("../texts/de.json"))]
});

impl Language {
    /// The language that a browser prefers.
    pub(crate) fn of(headers: &HeaderMap) -> &'static Self {
        Self::preferred(accepted(headers))
    }

    /// The language that an `Accept-Language` header prefers (RFC 9110, section 12.5.4). A region is
    /// ignored: `de-AT` is German.
    pub(crate) fn preferred(accepted: &str) -> &'static Self {
        let wanted = accepted.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
            let primary = tag.trim().split('-').next()?;
            let language = LANGUAGES.iter().find(|it| it.tag.eq_ignore_ascii_case(primary))?;
            (weight > 0.0).then_some((weight, language))
        });
        // Of equal weights the first wins; `max_by` would take the last.
        let wanted: Vec<_> = wanted.collect();
        let preferred = wanted.into_iter().rev().max_by(|(a, _), (b, _)| a.total_cmp(b));
        preferred.map_or(&LANGUAGES[0], |(_, language)| language)
    }

    /// A text; empty where there is none of that key, which a test forbids.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.texts.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The `Accept-Language` header; empty where there is none.
pub(crate) fn accepted(headers: &HeaderMap) -> &str {
    headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_preferred_language_is_spoken_and_english_otherwise() {
        for (accepted, tag) in [
            ("", "en"),
            ("de", "de"),
            ("DE-at, en;q=0.8", "de"),
            ("fr, de;q=0.5, en;q=0.4", "de"),
            ("en, de", "en"),
            ("de;q=0.9, en;q=0.9", "de"),
            ("de;q=0, fr", "en"),
            ("de;q=x", "en"),
            ("fr, *", "en"),
            (";;,q=,de;q=1;q=2", "en"),
        ] {
            assert_eq!(Language::preferred(accepted).tag, tag, "{accepted:?}");
        }
    }

    /// The placeholders of a text, such as `{time}`.
    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeholders() {
        let [english, others @ ..] = &*LANGUAGES;
        assert!(!english.texts.is_empty());
        for other in others {
            assert!(english.texts.keys().eq(other.texts.keys()), "{}", other.tag);
            for key in english.texts.keys() {
                assert!(!other.text(key).is_empty(), "{} {key}", other.tag);
                let (one, two) = (english.text(key), other.text(key));
                assert_eq!(placeholders(one), placeholders(two), "{} {key}", other.tag);
            }
        }
    }

    #[test]
    fn every_text_that_the_page_uses_exists_and_every_text_is_used() {
        let page = [
            include_str!("../page/index.html"),
            include_str!("../page/bad-link.html"),
            include_str!("../page/recovery.js"),
            include_str!("../page/screen.js"),
            include_str!("../page/form.js"),
            include_str!("../page/pairing.js"),
            include_str!("../page/not-me/frame.html"),
            include_str!("../page/not-me/ask.html"),
            include_str!("../page/not-me/form.html"),
            include_str!("../page/not-me/failed.html"),
            include_str!("../page/not-me/done.html"),
            include_str!("../page/not-me/invalid.html"),
        ];
        let page = page.concat();
        let is_key = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
        let used: BTreeSet<&str> = page
            .split("texts.")
            .skip(1)
            .filter_map(|rest| rest.split(|c| !is_key(c)).next())
            .collect();
        let texts: BTreeSet<&str> = LANGUAGES[0].texts.keys().map(String::as_str).collect();
        assert_eq!(used, texts);
    }
}
