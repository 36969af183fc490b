//! What names a value in a vault and opens it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codes::randomness::{Randomness, bytes};
use journeys::ids::SessionKey;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The length of a secret.
const BYTES: usize = 32;

/// Names a value and opens it.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A random one.
    pub fn draw(randomness: &Randomness) -> Self {
        let drawn: Zeroizing<[u8; BYTES]> = Zeroizing::new(bytes(randomness));
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*drawn)))
    }

    /// The secret that `root` and these texts determine.
    pub fn derived(root: &SecretString, texts: &[&str]) -> Self {
        let mut hash = Sha256::new().chain_update("postern vault\0");
        for text in [root.expose_secret()].iter().chain(texts) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(hash.finalize())))
    }

    /// Reads one that was exposed.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES);
        is_one.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret as text: 43 letters, digits, `-` or `_`.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of the value in the store.
    pub(crate) fn key(&self) -> SessionKey {
        SessionKey::of_console(&self.0)
    }

    /// The key that seals the value. It cannot be derived from the key in the store.
    pub(crate) fn sealing_key(&self) -> Zeroizing<[u8; 32]> {
        let hash = Sha256::new().chain_update("postern console seal\0").chain_update(&*self.0);
        Zeroizing::new(hash.finalize().into())
    }
}
