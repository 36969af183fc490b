//! The session's cookie.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codes::randomness::{Randomness, bytes};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::url::PublicUrl;

/// The length of the secret in a cookie.
const BYTES: usize = 32;

/// The value of the cookie: it names the session and opens its contents.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn draw(randomness: &Randomness) -> Self {
        let drawn: Zeroizing<[u8; BYTES]> = Zeroizing::new(bytes(randomness));
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*drawn)))
    }

    fn parse(text: &str) -> Option<Self> {
        let is_ours = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES);
        is_ours.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The key that seals the contents. It cannot be derived from the name in the store.
    pub(super) fn sealing_key(&self) -> Zeroizing<[u8; 32]> {
        let hash = Sha256::new().chain_update("postern console seal\0").chain_update(&*self.0);
        Zeroizing::new(hash.finalize().into())
    }
}

/// The name of the cookie, and its attributes.
///
/// # Why the demo's differs
/// Browsers accept `__Host-` and `Secure` over https only, or over http on loopback, where they differ.
/// Cookies ignore ports, so that consoles on several ports of one machine need several names.
pub(super) struct CookieName {
    name: String,
    is_secure: bool,
}

impl CookieName {
    pub(super) fn of(url: &PublicUrl) -> Self {
        match url.plain_port() {
            None => Self { name: "__Host-postern-console".to_owned(), is_secure: true },
            Some(port) => Self { name: format!("postern-console-{port}"), is_secure: false },
        }
    }

    /// The secret in a request's cookies. Two cookies of the name are none: one of them was planted.
    pub(super) fn read(&self, headers: &HeaderMap) -> Option<Secret> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let mut ours = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        });
        match (ours.next(), ours.next()) {
            (Some(only), None) => Secret::parse(only),
            _ => None,
        }
    }

    pub(super) fn set(&self, secret: &Secret) -> HeaderValue {
        self.cookie(secret.expose(), "")
    }

    pub(super) fn removed(&self) -> HeaderValue {
        self.cookie("", "; Max-Age=0")
    }

    fn cookie(&self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", self.name);
        // Base64 and our own words are visible ASCII.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &CookieName, cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_str(cookie).expect("ASCII"));
        }
        name.read(&headers).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_cookie_comes_back_as_it_was_set_and_two_of_a_name_count_for_none() {
        let secret = Secret::draw(&codes::randomness::system());
        let value = secret.expose().to_owned();
        for (url, name, secure) in [
            ("https://console.example", "__Host-postern-console", "; Secure"),
            ("http://127.0.0.1:8081", "postern-console-8081", ""),
        ] {
            let cookie = CookieName::of(&PublicUrl::parse(url).expect("a URL"));
            let set = cookie.set(&secret);
            let whole = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
            assert_eq!(set.to_str().expect("ASCII"), whole);
            assert!(set.is_sensitive(), "it is not logged");
            let pair = format!("{name}={value}");
            assert_eq!(read(&cookie, &[&format!("a=b; {pair}; c=d")]), Some(value.clone()));
            assert_eq!(read(&cookie, &[&pair, &format!("{name}=planted")]), None);
            assert_eq!(read(&cookie, &[&format!("{pair}; {pair}")]), None);
            assert_eq!(read(&cookie, &[&format!("x{pair}")]), None);
            assert_eq!(read(&cookie, &[&format!("{name}=short")]), None);
            assert_eq!(read(&cookie, &[]), None);
        }
    }
}
