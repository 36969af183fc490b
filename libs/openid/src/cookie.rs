//! The cookie by which a browser is known: from its authorization request to the end of the journey.

use authorization::interaction::Browser;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The cookie's name where the page is served over https: `__Host-` lets no other host set it.
const SECURE: &str = "__Host-postern-browser";

/// Its name on loopback, where browsers may refuse a secure one.
const PLAIN: &str = "postern-browser";

/// The browser that sends these headers, if it has a cookie of ours.
pub fn browser(headers: &HeaderMap) -> Option<Browser> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| [SECURE, PLAIN].contains(name))?;
    Browser::parse(value).ok()
}

/// The cookie that marks a browser. It ends with the browser's session.
pub fn cookie(browser: &Browser, issuer: &str) -> Option<HeaderValue> {
    let secret = browser.expose();
    let text = if issuer.starts_with("https:") {
        format!("{SECURE}={secret}; Path=/; HttpOnly; Secure; SameSite=Lax")
    } else {
        format!("{PLAIN}={secret}; Path=/; HttpOnly; SameSite=Lax")
    };
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use codes::randomness;

    use super::*;

    #[test]
    fn a_browser_is_known_by_the_cookie_that_was_set() {
        let mark = Browser::draw(&randomness::system());
        for issuer in ["https://postern.example", "http://127.0.0.1:8080"] {
            let set = cookie(&mark, issuer).expect("a cookie");
            let set = set.to_str().expect("ASCII");
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
                assert!(set.contains(attribute), "{set}");
            }
            let is_secure = set.starts_with("__Host-") && set.contains("; Secure");
            assert_eq!(is_secure, issuer.starts_with("https:"), "{set}");
            let sent = set.split(';').next().expect("a pair");
            let sent = format!("a=b; {sent}; c=d");
            let headers = HeaderMap::from_iter([(COOKIE, sent.parse().expect("a header"))]);
            assert_eq!(browser(&headers), Some(mark.clone()));
        }
        for other in ["", "postern-browser", "postern-browser=x", "x-postern-browser=1"] {
            let headers = HeaderMap::from_iter([(COOKIE, other.parse().expect("a header"))]);
            assert_eq!(browser(&headers), None, "{other}");
        }
    }
}
