//! The cookie of a session.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::PublicUrl;

/// The name of the cookie, and its attributes.
///
/// # Why the demo's differs
/// Browsers accept `__Host-` and `Secure` over https only, or over http on loopback, where they differ.
/// Cookies ignore ports, so that consoles on several ports of one machine need several names.
#[derive(Clone, Debug)]
pub struct Cookie {
    name: String,
    is_secure: bool,
}

impl Cookie {
    /// The cookie of that name at a URL.
    pub fn of(url: &PublicUrl, name: &str) -> Self {
        match url.plain_port() {
            None => Self { name: format!("__Host-{name}"), is_secure: true },
            Some(port) => Self { name: format!("{name}-{port}"), is_secure: false },
        }
    }

    /// Its value in a request. Two cookies of the name are none: one of them was planted.
    pub fn read<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let mut ours = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        });
        match (ours.next(), ours.next()) {
            (only, None) => only,
            _ => None,
        }
    }

    /// Sets it to a value of visible ASCII.
    pub fn set(&self, value: &str) -> HeaderValue {
        self.cookie(value, "")
    }

    /// Removes it.
    pub fn removed(&self) -> HeaderValue {
        self.cookie("", "; Max-Age=0")
    }

    fn cookie(&self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", self.name);
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cookie: &Cookie, cookies: &[&str]) -> Option<String> {
        let line = |text: &&str| (COOKIE, HeaderValue::from_str(text).expect("ASCII"));
        let mut headers = HeaderMap::new();
        headers.extend(cookies.iter().map(line));
        cookie.read(&headers).map(str::to_owned)
    }

    #[test]
    fn a_cookie_comes_back_as_it_was_set_and_two_of_a_name_count_for_none() {
        let value = "a-value";
        for (url, name, secure) in [
            ("https://console.example", "__Host-postern-console", "; Secure"),
            ("http://127.0.0.1:8081", "postern-console-8081", ""),
        ] {
            let cookie = Cookie::of(&PublicUrl::parse(url).expect("a URL"), "postern-console");
            let set = cookie.set(value);
            let whole = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
            assert_eq!(set.to_str().expect("ASCII"), whole);
            assert!(set.is_sensitive(), "it is not logged");
            let pair = format!("{name}={value}");
            assert_eq!(read(&cookie, &[&format!("a=b; {pair}; c=d")]).as_deref(), Some(value));
            assert_eq!(read(&cookie, &[&pair, &format!("{name}=planted")]), None);
            assert_eq!(read(&cookie, &[&format!("{pair}; {pair}")]), None);
            assert_eq!(read(&cookie, &[&format!("x{pair}")]), None);
            assert_eq!(read(&cookie, &[]), None);
        }
    }
}
