//! The only way in which digests are computed: HMAC-SHA-256 (RFC 2104) over length-prefixed parts.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// A key that is expanded for use, since the expansion is half the cost of a digest. It is wiped
/// from memory like the key itself.
pub(crate) type Prepared = Hmac<Sha256>;

/// Expands a key.
pub(crate) fn prepared(key: SecretSlice<u8>) -> Prepared {
    let prepared = Hmac::new_from_slice(key.expose_secret());
    drop(key); // wiped: it is not needed any more
    prepared.expect("HMAC takes a key of any length")
}

/// HMAC-SHA-256 of a label and length-prefixed parts, truncated to its first 128 bits (RFC 2104,
/// section 5).
pub(crate) fn mac(key: &Prepared, label: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = key.clone();
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    full.first_chunk().copied().expect("a digest of 32 bytes has 16")
}
