//! Facts as a store keeps them: encrypted with AES-128-GCM for one journey of one user.

use aws_lc_rs::aead::{AES_128_GCM, Aad, Nonce, RandomizedNonceKey};

use super::Facts;
use crate::digest::Subject;
use crate::pairing::Binding;

/// Encrypts facts and opens them.
pub(crate) struct SealedFacts(RandomizedNonceKey);

impl SealedFacts {
    /// Works under that key.
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(RandomizedNonceKey::new(&AES_128_GCM, key).expect("AES-128-GCM takes such a key"))
    }

    /// Encrypts the facts of a journey for its user's record.
    pub(crate) fn seal(&self, subject: &Subject, binding: Binding, facts: &Facts) -> Vec<u8> {
        let mut sealed = facts.encode();
        let nonce = self.0.seal_in_place_append_tag(owner(subject, binding), &mut sealed);
        let nonce = nonce.expect("AES-128-GCM encrypts short texts");
        [&nonce.as_ref()[..], &sealed].concat()
    }

    /// Opens the facts of a journey; `None` if they are of another journey, user or key.
    pub(crate) fn open(&self, subject: &Subject, binding: Binding, sealed: &[u8]) -> Option<Facts> {
        let (nonce, sealed) = sealed.split_first_chunk()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, owner(subject, binding), &mut sealed);
        Facts::decode(opened.ok()?)
    }
}

fn owner(subject: &Subject, binding: Binding) -> Aad<Vec<u8>> {
    Aad::from([*subject.as_bytes(), *binding.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use clock::Timestamp;

    use super::*;
    use crate::facts::BrowserFamily;

    #[test]
    fn facts_open_for_their_user_journey_and_key_alone() {
        let facts = Facts {
            opened_at: Timestamp::from_unix_millis(7),
            source: Some("2001:db8::1".parse().expect("an address")),
            browser: BrowserFamily::Safari,
        };
        let [alice, bob] = [1, 2].map(|byte| Subject::from_bytes([byte; 16]));
        let [one, other] = [3, 4].map(|byte| Binding::from_bytes([byte; 16]));
        let [key, another] = [5, 6].map(|byte| SealedFacts::new(&[byte; 16]));
        let sealed = key.seal(&alice, one, &facts);
        assert!(sealed.len() <= 200, "{}", sealed.len());
        assert_ne!(key.seal(&alice, one, &facts), sealed);
        assert_eq!(key.open(&alice, one, &sealed), Some(facts));
        assert_eq!(key.open(&bob, one, &sealed), None);
        assert_eq!(key.open(&alice, other, &sealed), None);
        assert_eq!(another.open(&alice, one, &sealed), None);
        assert_eq!(key.open(&alice, one, &sealed[..5]), None);
    }
}
