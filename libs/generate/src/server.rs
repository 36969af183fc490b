//! The address of a Postern, as generated code names it.

use crate::error::GenerateError;

/// An `http` or `https` URL without a query, of characters that mean themselves in every file of a
/// project.
pub(crate) struct Server(String);

impl Server {
    pub(crate) fn parse(url: &str) -> Result<Self, GenerateError> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b);
        match rest.map(|rest| rest.trim_end_matches('/')) {
            Some(rest) if !rest.is_empty() && rest.bytes().all(is_plain) => {
                Ok(Self(url.trim_end_matches('/').to_owned()))
            }
            Some(_) | None => Err(GenerateError::Server(url.to_owned())),
        }
    }

    /// The URL, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_url_is_a_server() {
        for (url, plain) in [
            ("https://recovery.example/", "https://recovery.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/acme", "http://[::1]:8080/acme"),
        ] {
            assert_eq!(Server::parse(url).ok().map(|it| it.0).as_deref(), Some(plain));
        }
        for url in [
            "",
            "https://",
            "http:///",
            "recovery.example",
            "ftp://a",
            "https://a\nB=c",
            "https://$A",
            "https://a?b",
            "https://a\"b",
            "https://a@b",
        ] {
            assert!(Server::parse(url).is_err(), "{url:?}");
        }
    }
}
