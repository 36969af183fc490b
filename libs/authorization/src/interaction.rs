//! A request while its user's journey runs: sealed by the caller, handed to the page, and tied to the
//! browser that made the request. No store holds it, so strangers cannot fill one.

use std::fmt;
use std::time::Duration;

use clock::Timestamp;
use codes::randomness::Randomness;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::code;
use crate::request::AuthorizationRequest;

/// How long a user may take from the request to the start of the journey.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// A browser, by the secret in its cookie. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Browser(String);

/// A browser, by the hash of that secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserHash(String);

/// The text is not a browser's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cookie was not set by this service")]
pub struct BrowserError;

impl Browser {
    /// Draws the secret of a browser without one.
    pub fn draw(randomness: &Randomness) -> Self {
        Self(code::draw(randomness))
    }

    /// Parses the secret that a browser sends.
    ///
    /// # Errors
    /// Any text that can be no such secret.
    pub fn parse(text: &str) -> Result<Self, BrowserError> {
        code::is_256_bits(text).then(|| Self(text.to_owned())).ok_or(BrowserError)
    }

    /// The secret in clear, for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash that requests and journeys are tied to.
    pub fn hash(&self) -> BrowserHash {
        BrowserHash(code::hash("browser", &self.0))
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browser([redacted])")
    }
}

impl BrowserHash {
    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of that browser's secret, in constant time.
    pub fn is_of(&self, browser: &Browser) -> bool {
        self.0.as_bytes().ct_eq(browser.hash().0.as_bytes()).into()
    }
}

/// A request that waits for its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// What the client asked for.
    pub request: AuthorizationRequest,
    /// The browser that asked.
    pub browser: BrowserHash,
    /// The trace that the request began, as a W3C `traceparent`.
    pub trace: Option<String>,
    expires_at_ms: i64,
}

impl Interaction {
    /// The purpose under which interactions are sealed.
    pub const PURPOSE: &str = "authorization interaction";

    /// An interaction that begins now.
    pub fn new(
        request: AuthorizationRequest,
        browser: &Browser,
        trace: Option<String>,
        now: Timestamp,
    ) -> Self {
        let expires_at_ms = (now + LIFETIME).unix_millis();
        Self { request, browser: browser.hash(), trace, expires_at_ms }
    }

    /// The interaction as bytes, to be sealed.
    #[expect(clippy::missing_panics_doc, reason = "strings and numbers are JSON")]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an interaction is JSON")
    }

    /// Reads an interaction; `None` if its format is another one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Reads what was sealed; `None` if it is of another browser, or has expired.
    pub fn parse(bytes: &[u8], browser: &Browser, now: Timestamp) -> Option<Self> {
        let interaction = Self::from_bytes(bytes)?;
        let is_live = now.unix_millis() < interaction.expires_at_ms;
        (is_live && interaction.browser.is_of(browser)).then_some(interaction)
    }
}

#[cfg(test)]
mod tests {
    use codes::randomness;

    use super::*;

    const QUERY: &str = "client_id=a&redirect_uri=https%3A%2F%2Fa.example&response_type=code&\
        scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&\
        code_challenge_method=S256&state=s";

    #[test]
    fn an_interaction_belongs_to_one_browser_for_one_hour() {
        let [browser, other] = [(); 2].map(|()| Browser::draw(&randomness::system()));
        let request = AuthorizationRequest::parse(QUERY, |_, _| Some(true)).expect("valid");
        let now = Timestamp::from_unix_millis(5_000);
        let interaction = Interaction::new(request, &browser, None, now);
        let bytes = interaction.to_bytes();
        let last = Timestamp::from_unix_millis((now + LIFETIME).unix_millis() - 1);
        assert_eq!(Interaction::parse(&bytes, &browser, last), Some(interaction));
        assert_eq!(Interaction::parse(&bytes, &other, now), None);
        assert_eq!(Interaction::parse(&bytes, &browser, now + LIFETIME), None);
        assert_eq!(Interaction::parse(b"{}", &browser, now), None);
        let text = String::from_utf8(bytes).expect("JSON");
        assert!(!text.contains(browser.expose()), "the secret stays in the cookie");
    }

    #[test]
    fn a_cookie_that_this_service_did_not_set_is_refused() {
        let browser = Browser::draw(&randomness::system());
        assert_eq!(Browser::parse(browser.expose()), Ok(browser));
        for text in ["", "x", &"a".repeat(44), &"\u{e4}".repeat(43)] {
            assert_eq!(Browser::parse(text), Err(BrowserError), "{text}");
        }
    }
}
