//! Tests of URLs and paths.

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
fn a_sign_in_leads_to_a_page_of_the_console_alone() {
    for path in ["/desk", "/requests", "/admin/journeys/a-b_c"] {
        assert_eq!(local(path), path);
    }
    for path in [
        "",
        "desk",
        "//attacker.example",
        "/\\attacker.example",
        "https://attacker.example",
        "/desk?x=1",
        "/desk#x",
        "/a b",
        "/%2f%2fattacker.example",
        "/\r\nlocation:x",
        "javascript:alert(1)",
    ] {
        assert_eq!(local(path), "/", "{path:?}");
    }
    assert_eq!(sign_in("/desk", true), "/sign-in?to=/desk&again=1");
}
