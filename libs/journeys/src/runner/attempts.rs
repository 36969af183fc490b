//! Idempotency keys of verifications: a retry has the same key, and counts once.

use codes::ids::IdempotencyKey;

use crate::ids::fingerprint;

/// Names the verifications between two waits. The first one has the key itself.
pub(super) struct Attempts {
    key: IdempotencyKey,
    made: u32,
}

impl Attempts {
    /// The verifications that belong to a fingerprint.
    pub(super) fn of(text: &str) -> Self {
        Self { key: key_from(text), made: 0 }
    }

    /// The key of the next one.
    pub(super) fn next(&mut self) -> IdempotencyKey {
        self.made += 1;
        match self.made {
            1 => self.key.clone(),
            n => key_from(&fingerprint("attempt", &[self.key.as_str(), &n.to_string()])),
        }
    }
}

fn key_from(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).expect("base64url is visible ASCII")
}
