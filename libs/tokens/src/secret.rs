//! How a client proves itself: by a secret of which only the SHA-256 is kept.
//!
//! A plain hash is enough for a secret that is drawn, not chosen. It would not be for a password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Why a text is not the hash of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 as 64 hexadecimal digits")]
pub struct SecretHashError;

/// The SHA-256 of a client's secret.
#[derive(Clone)]
pub struct SecretHash {
    hash: [u8; 32],
    generation: Generation,
}

impl SecretHash {
    /// The hash of a secret.
    pub fn from_secret(secret: &SecretString) -> Self {
        Self::new(Sha256::digest(secret.expose_secret()).into())
    }

    /// Reads a hash as `sha256sum` writes it.
    ///
    /// # Errors
    /// Any text but 64 hexadecimal digits.
    pub fn parse(hex: &str) -> Result<Self, SecretHashError> {
        let mut hash = [0; 32];
        if hex.len() != 2 * hash.len() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SecretHashError);
        }
        for (byte, digits) in hash.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| SecretHashError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| SecretHashError)?;
        }
        Ok(Self::new(hash))
    }

    /// A hash that no secret is known to have: no client proves itself by it.
    pub fn of_none() -> Self {
        Self::new([0; 32])
    }

    /// The generation of the secret.
    pub const fn generation(&self) -> &Generation {
        &self.generation
    }

    fn new(hash: [u8; 32]) -> Self {
        let named = Sha256::new().chain_update("client secret generation\0").chain_update(hash);
        let generation = URL_SAFE_NO_PAD.encode(&named.finalize()[..Generation::BYTES]);
        Self { hash, generation: Generation(generation) }
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash([redacted])")
    }
}

/// Identifies one secret of a client: another secret has another generation. It is a truncated hash
/// of the secret's hash, and so reveals neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation(String);

impl Generation {
    /// 64 bits: enough for the secrets that one client has in its life never to meet.
    const BYTES: usize = 8;

    /// Reads a generation from a token's claim.
    ///
    /// # Errors
    /// Another length, or no base64url.
    pub fn parse(text: &str) -> Result<Self, GenerationError> {
        let is_generation = URL_SAFE_NO_PAD.decode(text).is_ok_and(|it| it.len() == Self::BYTES);
        is_generation.then(|| Self(text.to_owned())).ok_or(GenerationError)
    }

    /// The generation as a token's claim.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {} bytes in base64url", Generation::BYTES)]
pub struct GenerationError;

/// Whether a client presented its secret, in constant time. An unknown client (`None`) is refused
/// after the same work, so that the time does not tell which ids exist.
pub fn verify(expected: Option<&SecretHash>, presented: &SecretString) -> bool {
    let exists = u8::from(expected.is_some());
    let expected = expected.map_or([0; 32], |expected| expected.hash);
    let presented: [u8; 32] = Sha256::digest(presented.expose_secret()).into();
    let matches = expected.ct_eq(&presented);
    bool::from(matches & exists.ct_eq(&1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_alone() {
        let secret = SecretString::from("acme-support-secret");
        let hash = SecretHash::from_secret(&secret);
        assert!(verify(Some(&hash), &secret));
        for other in ["", "acme-support-secret ", "ACME-SUPPORT-SECRET"] {
            assert!(!verify(Some(&hash), &SecretString::from(other)), "{other:?}");
        }
        assert!(!verify(None, &secret));
        assert_eq!(format!("{hash:?}"), "SecretHash([redacted])");
    }

    #[test]
    fn each_secret_has_a_generation_that_tells_nothing_of_it() {
        let hashes = ["a secret", "another secret"].map(|it| SecretHash::from_secret(&it.into()));
        let [one, another] = hashes.each_ref().map(SecretHash::generation);
        assert_eq!(one, SecretHash::from_secret(&"a secret".into()).generation());
        assert_ne!(one, another);
        assert_eq!(Generation::parse(one.as_str()).as_ref(), Ok(one));
        assert_ne!(one.as_str(), URL_SAFE_NO_PAD.encode(&hashes[0].hash[..Generation::BYTES]));
        for text in ["", "AAAA", "not base64!", &format!("{}AAAA", one.as_str())] {
            assert_eq!(Generation::parse(text), Err(GenerationError), "{text:?}");
        }
    }

    #[test]
    fn a_hash_is_read_as_sha256sum_writes_it() {
        // `printf abc | sha256sum`: FIPS 180-4, example 1.
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for hex in [hex.to_owned(), hex.to_uppercase()] {
            let hash = SecretHash::parse(&hex).expect("a hash");
            assert!(verify(Some(&hash), &SecretString::from("abc")));
        }
        for hex in [&hex[1..], &format!("+{}", &hex[1..]), &"é".repeat(32), ""] {
            assert_eq!(SecretHash::parse(hex).err(), Some(SecretHashError), "{hex:?}");
        }
    }
}
