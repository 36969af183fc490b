//! The IDs of sessions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codes::pairing::Binding;
use codes::randomness::{Randomness, bytes};
use sha2::{Digest as _, Sha256};

/// Identifies a waiting journey. It is a secret: with it and the challenge, anyone can answer. Its
/// `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(String);

/// The text is not a session ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the session id that the journey handed out")]
pub struct SessionIdError;

impl SessionId {
    /// 192 bits.
    pub(crate) const BYTES: usize = 24;

    /// Draws a new id.
    pub(crate) fn draw(randomness: &Randomness) -> Self {
        Self::from_bytes(bytes(randomness))
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Parses an id that was handed out.
    ///
    /// # Errors
    /// Any text that is not a session id.
    pub fn parse(text: &str) -> Result<Self, SessionIdError> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == Self::BYTES => Ok(Self(text.to_owned())),
            _ => Err(SessionIdError),
        }
    }

    /// The ID in clear, for the client.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of the session in the store.
    pub fn key(&self) -> SessionKey {
        SessionKey(fingerprint("session", &[&self.0]))
    }

    /// What ties a code to this session. It is unique to the session, and cannot be derived from
    /// the store's key.
    pub fn binding(&self) -> Binding {
        let hash = hash("pairing", &[&self.0]);
        Binding::from_bytes(std::array::from_fn(|at| hash[at]))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// The hash of a session ID: a reader of the store cannot answer for the client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// The key under which the store keeps the messages of a browser's crypto session. It never
    /// equals the key of a journey.
    pub fn of_crypto_session(id: &str) -> Self {
        Self(fingerprint("crypto session", &[id]))
    }

    /// The key under which the store keeps the session of a person at the console.
    pub fn of_console(id: &str) -> Self {
        Self(fingerprint("console", &[id]))
    }

    /// The key as text: 43 letters, digits, `-` or `_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `N` random bytes as text.
pub(crate) fn random_text<const N: usize>(randomness: &Randomness) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>(randomness))
}

/// A hash of texts for one purpose, as text.
pub(crate) fn fingerprint(purpose: &str, texts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(hash(purpose, texts))
}

/// SHA-256 over texts for one purpose, each after its length.
fn hash(purpose: &str, texts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [&["postern journey", purpose], texts].concat() {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}
