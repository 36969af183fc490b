//! Which browser sends a request, by its family alone, and which of its headers a journey reads.

use axum::http::header::{ACCEPT_LANGUAGE, ORIGIN, REFERER, USER_AGENT};
use axum::http::{HeaderMap, HeaderName};
use codes::facts::BrowserFamily;
use serde_json::{Map, Value, json};

/// The headers that a journey may read.
const READABLE: [HeaderName; 4] = [ACCEPT_LANGUAGE, ORIGIN, REFERER, USER_AGENT];

/// The longest of them that a journey reads, in bytes: it may be stored.
const MAX_HEADER: usize = 512;

/// What the families' texts hold, the first that is found first: most browsers also name those that they
/// are compatible with.
const MARKS: [(&str, BrowserFamily); 13] = [
    ("SamsungBrowser/", BrowserFamily::Samsung),
    ("OPR/", BrowserFamily::Opera),
    ("OPT/", BrowserFamily::Opera),
    ("Opera/", BrowserFamily::Opera),
    ("Edg/", BrowserFamily::Edge),
    ("EdgA/", BrowserFamily::Edge),
    ("EdgiOS/", BrowserFamily::Edge),
    ("Firefox/", BrowserFamily::Firefox),
    ("FxiOS/", BrowserFamily::Firefox),
    ("Chrome/", BrowserFamily::Chrome),
    ("CriOS/", BrowserFamily::Chrome),
    ("Chromium/", BrowserFamily::Chrome),
    ("Safari/", BrowserFamily::Safari),
];

/// The family of the browser that sends these headers.
pub(super) fn family(headers: &HeaderMap) -> BrowserFamily {
    let text = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mark = MARKS.iter().find(|(mark, _)| text.contains(mark));
    mark.map_or(BrowserFamily::Other, |(_, family)| *family)
}

/// The headers that a journey reads.
pub(super) fn readable(headers: &HeaderMap) -> Map<String, Value> {
    let text = |name: &HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= MAX_HEADER).then(|| (name.to_string(), json!(value)))
    };
    READABLE.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_by_what_it_sends() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, expected) in [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/142.0.0.0 Safari/537.36"), BrowserFamily::Chrome),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), BrowserFamily::Edge),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36 OPR/120.0.0.0"), BrowserFamily::Opera),
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36"), BrowserFamily::Samsung),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(), BrowserFamily::Firefox),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1".to_owned(), BrowserFamily::Safari),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1".to_owned(), BrowserFamily::Chrome),
            ("curl/8.5.0".to_owned(), BrowserFamily::Other),
            (String::new(), BrowserFamily::Other),
        ] {
            let headers = HeaderMap::from_iter([(USER_AGENT, text.parse().expect("a header"))]);
            assert_eq!(family(&headers), expected, "{text}");
        }
        assert_eq!(family(&HeaderMap::new()), BrowserFamily::Other);
    }
}
