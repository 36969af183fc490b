//! Seals data that leaves the service and comes back: its keeper can neither read nor change it. All replicas
//! share one key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

/// The length of the random nonce at the beginning of a sealed text.
const NONCE_BYTES: usize = 12;

/// Seals and opens with AES-256-GCM.
pub struct Sealer {
    key: RandomizedNonceKey,
}

impl Sealer {
    /// A sealer with that key.
    #[expect(clippy::missing_panics_doc, reason = "AES-256-GCM takes every key of 32 bytes")]
    pub fn new(key: &[u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        Self { key: key.expect("AES-256-GCM takes a key of 32 bytes") }
    }

    /// Seals a text for a purpose; `None` if that fails.
    pub fn seal(&self, purpose: &str, mut text: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = self.key.seal_in_place_append_tag(Aad::from(purpose), &mut text).ok()?;
        Some(nonce.as_ref().iter().copied().chain(text).collect())
    }

    /// Opens a text that was sealed for that purpose; `None` for any other.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(purpose), &mut text).ok()?.len();
        text.truncate(opened);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_for_a_purpose_opens_for_it() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("a", b"hello".to_vec()).expect("seals");
        assert_eq!(sealer.open("a", &sealed).as_deref(), Some(&b"hello".to_vec()));
        assert!(sealer.open("b", &sealed).is_none());
        assert!(Sealer::new(&[8; 32]).open("a", &sealed).is_none());
        assert!(sealer.open("a", &sealed[1..]).is_none());
        assert!(sealer.open("a", b"").is_none());
        assert_ne!(sealer.seal("a", b"hello".to_vec()), Some(sealed));
    }
}
