//! Encryption of data that a store keeps for a service: AES-128-GCM, bound to the data's owner.

use aws_lc_rs::aead::{AES_128_GCM, Aad, Nonce, RandomizedNonceKey};

/// Encrypts and decrypts texts with one key.
pub struct Seal(RandomizedNonceKey);

impl Seal {
    /// A seal with that key.
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(RandomizedNonceKey::new(&AES_128_GCM, key).expect("AES-128-GCM takes such a key"))
    }

    /// Encrypts a text for its owner.
    ///
    /// # Panics
    /// Never for a text that fits in memory: AES-GCM takes 64 GiB.
    pub fn seal(&self, owner: &[u8], mut text: Vec<u8>) -> Vec<u8> {
        let nonce = self.0.seal_in_place_append_tag(Aad::from(owner), &mut text);
        let nonce = nonce.expect("AES-128-GCM encrypts texts that fit in memory");
        [&nonce.as_ref()[..], &text].concat()
    }

    /// Decrypts a text; `None` if it belongs to another owner or key.
    pub fn open(&self, owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        Some(self.0.open_in_place(nonce, Aad::from(owner), &mut sealed).ok()?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_for_its_owner_and_key_alone() {
        let [key, another] = [5, 6].map(|byte| Seal::new(&[byte; 16]));
        let sealed = key.seal(b"alice", b"hello".to_vec());
        assert_ne!(key.seal(b"alice", b"hello".to_vec()), sealed);
        assert_eq!(key.open(b"alice", &sealed).as_deref(), Some(&b"hello"[..]));
        assert_eq!(key.open(b"bob", &sealed), None);
        assert_eq!(another.open(b"alice", &sealed), None);
        assert_eq!(key.open(b"alice", &sealed[..5]), None);
    }
}
