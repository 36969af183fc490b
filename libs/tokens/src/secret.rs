//! How a client proves itself: by a secret of which only the SHA-256 is kept.
//!
//! A plain hash is enough for a secret that is drawn, not chosen. It would not be for a password.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Why a text is not the hash of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a SHA-256 as 64 hexadecimal digits")]
pub struct SecretHashError;

/// The SHA-256 of a client's secret.
#[derive(Clone)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    pub fn from_secret(secret: &SecretString) -> Self {
        Self(Sha256::digest(secret.expose_secret()).into())
    }

    /// Reads a hash as `sha256sum` writes it.
    pub fn parse(hex: &str) -> Result<Self, SecretHashError> {
        let mut hash = [0; 32];
        if hex.len() != 2 * hash.len() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SecretHashError);
        }
        for (byte, digits) in hash.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| SecretHashError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| SecretHashError)?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash([redacted])")
    }
}

/// Whether a client presented its secret, in a time that does not depend on either. A client that
/// does not exist (`None`) is refused after the same work, so that nobody learns which ids exist.
pub fn verify(expected: Option<&SecretHash>, presented: &SecretString) -> bool {
    let nobody = SecretHash([0; 32]);
    let exists = u8::from(expected.is_some());
    let matches = expected.unwrap_or(&nobody).0.ct_eq(&SecretHash::from_secret(presented).0);
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
