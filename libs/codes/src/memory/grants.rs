//! Revoked grants in this process's memory: the specification of all other stores of grants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};

use crate::grants::{GrantStore, LIFETIME};
use crate::ids::GrantId;
use crate::store::StoreError;

/// Keeps revoked grants in a map.
pub struct MemoryGrantStore {
    clock: Monotonic,
    /// When each revocation expires.
    revoked: Mutex<HashMap<GrantId, Timestamp>>,
}

impl MemoryGrantStore {
    /// An empty store that uses `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Monotonic::new(clock), revoked: Mutex::default() }
    }

    /// Runs one operation on the revocations that have not expired. There are only few.
    fn run<T>(
        &self,
        operation: impl FnOnce(&mut HashMap<GrantId, Timestamp>, Timestamp) -> T,
    ) -> T {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        revoked.retain(|_, until| now < *until);
        operation(&mut revoked, now)
    }
}

#[async_trait]
impl GrantStore for MemoryGrantStore {
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError> {
        self.run(|revoked, now| revoked.insert(grant.clone(), now + LIFETIME));
        Ok(())
    }

    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError> {
        Ok(self.run(|revoked, _| revoked.contains_key(grant)))
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;

    use super::*;
    use crate::digest::Subject;
    use crate::ids::CodeId;

    /// I18.
    #[tokio::test]
    async fn revocations_are_bounded_by_those_that_last() {
        let clock = Arc::new(FakeClock::default());
        let store = MemoryGrantStore::new(clock.clone());
        for number in 0..20 {
            let code = CodeId::new(&Subject::from_bytes([0; 16]), [number; 16]);
            store.revoke(&code.grant()).await.expect("memory serves");
            clock.advance(LIFETIME / 10);
        }
        assert_eq!(store.run(|revoked, _| revoked.len()), 9);
    }
}
