//! Authorization codes in this process's memory: the specification of all other stores. Its fence is
//! the process: a restart forgets every code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};
use codes::ids::GrantId;
use codes::store::StoreError;

use crate::authorized::{Proof, Sealed};
use crate::code::CodeKey;
use crate::store::{AuthorizationCodeStore, CODE_LIFETIME, Consumption, NewCode, REPLAY_MEMORY};

/// Keeps authorization codes in a map.
pub struct MemoryAuthorizationCodeStore {
    clock: Monotonic,
    codes: Mutex<HashMap<CodeKey, Entry>>,
}

struct Entry {
    grant: GrantId,
    proof: Proof,
    /// `None` once the code is consumed.
    body: Option<Sealed>,
    ends_at: Timestamp,
}

impl MemoryAuthorizationCodeStore {
    /// An empty store that uses `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Monotonic::new(clock), codes: Mutex::default() }
    }

    /// Runs one operation on the codes that have not expired. There are few: users recover rarely.
    fn run<T>(&self, operation: impl FnOnce(&mut HashMap<CodeKey, Entry>, Timestamp) -> T) -> T {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        codes.retain(|_, entry| now < entry.ends_at);
        operation(&mut codes, now)
    }
}

#[async_trait]
impl AuthorizationCodeStore for MemoryAuthorizationCodeStore {
    async fn put(&self, key: &CodeKey, _: Timestamp, code: NewCode) -> Result<(), StoreError> {
        let NewCode { grant, proof, body } = code;
        self.run(|codes, now| {
            let entry = Entry { grant, proof, body: Some(body), ends_at: now + CODE_LIFETIME };
            codes.entry(key.clone()).or_insert(entry);
        });
        Ok(())
    }

    async fn consume(&self, key: &CodeKey, _: Timestamp) -> Result<Consumption, StoreError> {
        Ok(self.run(|codes, now| match codes.get_mut(key) {
            None => Consumption::Unknown,
            Some(entry) => match entry.body.take() {
                None => {
                    let (grant, proof) = (entry.grant.clone(), entry.proof.clone());
                    Consumption::Replayed { grant, proof }
                }
                Some(body) => {
                    entry.ends_at = now + REPLAY_MEMORY;
                    Consumption::First(body)
                }
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;

    use super::*;
    use crate::conformance::{Bench, check_all};

    #[tokio::test]
    async fn memory_is_a_store_of_authorization_codes() {
        let clock = Arc::new(FakeClock::default());
        let store = Arc::new(MemoryAuthorizationCodeStore::new(clock.clone()));
        check_all(&Bench { store, clock }).await;
    }
}
