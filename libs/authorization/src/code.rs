//! The authorization code: 256 random bits, of which the store only ever sees a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codes::randomness::{Randomness, bytes};
use sha2::{Digest as _, Sha256};

/// A one-time authorization code. It is a secret: its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode(String);

/// The text is not an authorization code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("code must be the authorization code that the redirect carried")]
pub struct CodeError;

impl AuthorizationCode {
    /// Draws a new code.
    pub fn draw(randomness: &Randomness) -> Self {
        Self(draw(randomness))
    }

    /// Parses a code that a client presents.
    ///
    /// # Errors
    /// Any text that can be no code.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        is_256_bits(text).then(|| Self(text.to_owned())).ok_or(CodeError)
    }

    /// The code in clear, for the redirect.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of the code in the store.
    pub fn key(&self) -> CodeKey {
        CodeKey(hash("code", &self.0))
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationCode([redacted])")
    }
}

/// The hash of a code: a reader of the store cannot redeem it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeKey(String);

impl CodeKey {
    /// The key as text: 43 letters, digits, `-` or `_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Draws 256 bits as text: 43 characters of base64url.
pub(crate) fn draw(randomness: &Randomness) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(randomness))
}

/// Whether a text is 256 bits in base64url without padding.
pub(crate) fn is_256_bits(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bits| bits.len() == 32)
}

/// The SHA-256 of a secret text for one purpose.
pub(crate) fn hash(purpose: &str, secret: &str) -> String {
    let hash = Sha256::new().chain_update("postern authorization ").chain_update(purpose);
    URL_SAFE_NO_PAD.encode(hash.chain_update([0]).chain_update(secret).finalize())
}

#[cfg(test)]
mod tests {
    use codes::randomness;

    use super::*;

    #[test]
    fn a_drawn_code_is_parsed_as_itself_and_its_key_tells_nothing_of_it() {
        let code = AuthorizationCode::draw(&randomness::system());
        assert_eq!(AuthorizationCode::parse(code.expose()), Ok(code.clone()));
        assert_ne!(code, AuthorizationCode::draw(&randomness::system()));
        assert!(!code.key().as_str().contains(&code.expose()[..8]));
        assert_eq!(format!("{code:?}"), "AuthorizationCode([redacted])");
    }

    #[test]
    fn what_can_be_no_code_is_refused() {
        for text in ["", "abc", &"a".repeat(42), &"a".repeat(44), &"!".repeat(43)] {
            assert_eq!(AuthorizationCode::parse(text), Err(CodeError), "{text:?}");
        }
    }
}
