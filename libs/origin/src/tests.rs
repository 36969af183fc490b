//! Tests of URLs and of where requests come from.

use super::*;

#[test]
fn a_public_url_is_an_origin_and_http_only_on_this_machine() {
    for (text, origin, plain) in [
        ("https://console.example", "https://console.example", None),
        ("https://console.example/", "https://console.example", None),
        ("https://console.example:8443", "https://console.example:8443", None),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081", Some(8081)),
        ("http://[::1]", "http://[::1]", Some(80)),
        ("http://localhost:1", "http://localhost:1", Some(1)),
    ] {
        let url = PublicUrl::parse(text).expect(text);
        assert_eq!((url.at("/x"), url.plain_port()), (format!("{origin}/x"), plain));
    }
    for text in [
        "",
        "console.example",
        "http://console.example",
        "http://127.0.0.1.console.example",
        "https://console.example/path",
        "https://console.example/?x",
        "https://me@console.example",
        "ftp://127.0.0.1",
    ] {
        assert_eq!(PublicUrl::parse(text), Err(PublicUrlError), "{text}");
    }
}

#[test]
fn only_requests_that_say_they_are_of_this_origin_are_from_here() {
    let url = PublicUrl::parse("https://console.example").expect("a URL");
    let ours = "https://console.example";
    for (site, origin, expected) in [
        (Some("same-origin"), None, true),
        (Some("same-origin"), Some(ours), true),
        (Some("same-site"), Some(ours), false),
        (Some("cross-site"), Some(ours), false),
        (Some("none"), None, false),
        (None, Some(ours), true),
        (None, Some("https://console.example.attacker.example"), false),
        (None, Some("http://console.example"), false),
        (None, Some("null"), false),
        (None, None, false),
    ] {
        let named = [("sec-fetch-site", site), ("origin", origin)];
        let given = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let headers = given
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        assert_eq!(url.is_from_here(&headers.collect()), expected, "{site:?} {origin:?}");
    }
}
