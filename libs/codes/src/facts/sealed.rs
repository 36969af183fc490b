//! Facts as a store keeps them: encrypted for one journey of one user.

use super::Facts;
use crate::digest::Subject;
use crate::pairing::Binding;
use crate::seal::Seal;

/// Encrypts facts and opens them.
pub(crate) struct SealedFacts(Seal);

impl SealedFacts {
    /// Works under that key.
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(Seal::new(key))
    }

    /// Encrypts the facts of a journey for its user's record.
    pub(crate) fn seal(&self, subject: &Subject, binding: Binding, facts: &Facts) -> Vec<u8> {
        self.0.seal(&owner(subject, binding), facts.encode())
    }

    /// Opens the facts of a journey; `None` if they are of another journey, user or key.
    pub(crate) fn open(&self, subject: &Subject, binding: Binding, sealed: &[u8]) -> Option<Facts> {
        Facts::decode(&self.0.open(&owner(subject, binding), sealed)?)
    }
}

fn owner(subject: &Subject, binding: Binding) -> Vec<u8> {
    [*subject.as_bytes(), *binding.as_bytes()].concat()
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
