//! Names for verifications: what is sent again has the same name, and counts once.

use codes::ids::IdempotencyKey;

use crate::ids::fingerprint;

/// Names the verifications between two waits: the first by the key itself.
pub(super) struct Attempts {
    key: IdempotencyKey,
    made: u32,
}

impl Attempts {
    /// The verifications of what `text`, a fingerprint, stands for.
    pub(super) fn of(text: &str) -> Self {
        Self { key: key_from(text), made: 0 }
    }

    /// The next one's name.
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
