//! Names of operations: keyed hashes of a client's idempotency key, and fingerprints of requests.
//!
//! They are keyed because a request may contain a code and an identifier. Without the key, a thief
//! of the store cannot test guesses at either.

use secrecy::SecretSlice;

use crate::digest::{AttemptId, Fingerprint};
use crate::ids::{ApplicationId, ClientId, IdempotencyKey};
use crate::mac::{Prepared, mac, prepared};

/// The key of these hashes: the same in all replicas of a service.
pub struct OperationNames(Prepared);

impl OperationNames {
    /// Derives the key from a secret that may have other uses.
    pub fn derived_from(secret: SecretSlice<u8>) -> Self {
        let derived = mac(&prepared(secret), "names of operations", &[]);
        Self(prepared(derived.to_vec().into()))
    }

    /// The name of one operation of one client.
    pub fn attempt(
        &self,
        application: &ApplicationId,
        client: &ClientId,
        key: &IdempotencyKey,
    ) -> AttemptId {
        attempt(&self.0, application, client, key)
    }

    /// The fingerprint of a request: of `operation` and of all its parts.
    pub fn fingerprint(&self, operation: &str, parts: &[&[u8]]) -> Fingerprint {
        fingerprint(&self.0, operation, parts)
    }
}

pub(crate) fn attempt(
    key: &Prepared,
    application: &ApplicationId,
    client: &ClientId,
    named: &IdempotencyKey,
) -> AttemptId {
    let parts = [application.as_str(), client.as_str(), named.as_str()].map(str::as_bytes);
    AttemptId::from_bytes(mac(key, "attempt", &parts))
}

pub(crate) fn fingerprint(key: &Prepared, operation: &str, parts: &[&[u8]]) -> Fingerprint {
    let parts: Vec<&[u8]> =
        std::iter::once(operation.as_bytes()).chain(parts.iter().copied()).collect();
    Fingerprint::from_bytes(mac(key, "fingerprint", &parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_depends_on_the_secret_the_client_and_the_key() {
        let names = |byte: u8| OperationNames::derived_from(vec![byte; 32].into());
        let application = ApplicationId::parse("acme").expect("valid");
        let of = |byte: u8, client: &str, key: &str| {
            let client = ClientId::parse(client).expect("valid");
            let key = IdempotencyKey::parse(key).expect("valid");
            names(byte).attempt(&application, &client, &key)
        };
        assert_eq!(of(1, "desk", "key"), of(1, "desk", "key"));
        for other in [of(2, "desk", "key"), of(1, "shop", "key"), of(1, "desk", "lock")] {
            assert_ne!(other, of(1, "desk", "key"));
        }
        let asked = |operation: &str, part: &[u8]| names(1).fingerprint(operation, &[part]);
        assert_ne!(asked("start", b"a"), asked("submit", b"a"));
        assert_ne!(asked("start", b"a"), asked("start", b"b"));
    }
}
