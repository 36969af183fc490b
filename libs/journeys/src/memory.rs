//! Journey sessions in memory, for tests and for a single process. It is the specification of all
//! other stores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Timestamp};

use crate::ids::SessionKey;
use crate::ports::{Advance, JourneyStore, StoreFault, Stored};

/// A [`JourneyStore`] in memory.
pub struct MemoryJourneyStore {
    clock: Arc<dyn Clock>,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    by_key: BTreeMap<SessionKey, Entry>,
    by_end: BTreeSet<(Timestamp, SessionKey)>,
}

struct Entry {
    stored: Stored,
    ends_at: Timestamp,
}

impl MemoryJourneyStore {
    /// An empty store that uses `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, sessions: Mutex::default() }
    }

    /// The sessions that have not ended. Each change is complete before the lock is released, so
    /// a panic elsewhere cannot leave half of one.
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        while let Some((ends_at, key)) = sessions.by_end.first()
            && *ends_at <= now
        {
            let key = key.clone();
            sessions.remove(&key);
        }
        sessions
    }
}

impl Sessions {
    fn remove(&mut self, key: &SessionKey) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_end.remove(&(entry.ends_at, key.clone()));
        }
    }
}

#[async_trait]
impl JourneyStore for MemoryJourneyStore {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault> {
        let mut sessions = self.sessions();
        if sessions.by_key.contains_key(key) {
            return Err(StoreFault("the session exists".to_owned()));
        }
        let ends_at = self.clock.now() + lifetime;
        sessions.by_end.insert((ends_at, key.clone()));
        let stored = Stored { version: 1, body };
        sessions.by_key.insert(key.clone(), Entry { stored, ends_at });
        Ok(())
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        Ok(self.sessions().by_key.get(key).map(|entry| entry.stored.clone()))
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        let mut guard = self.sessions();
        let Sessions { by_key, by_end } = &mut *guard;
        let Some(entry) = by_key.get_mut(key) else { return Ok(Advance::Gone) };
        if entry.stored.version != expected {
            return Ok(Advance::Outrun);
        }
        entry.stored = Stored { version: expected + 1, body };
        if let Some(lifetime) = lifetime {
            by_end.remove(&(entry.ends_at, key.clone()));
            entry.ends_at = self.clock.now() + lifetime;
            by_end.insert((entry.ends_at, key.clone()));
        }
        Ok(Advance::Advanced)
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        self.sessions().remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;

    use super::*;
    use crate::conformance::{Bench, check_all};

    #[tokio::test]
    async fn the_memory_store_keeps_the_contract() {
        let clock = Arc::new(FakeClock::default());
        let store = Arc::new(MemoryJourneyStore::new(clock.clone()));
        check_all(&Bench { store, clock }).await;
    }

    #[tokio::test]
    async fn what_has_ended_takes_no_room() {
        let clock = Arc::new(FakeClock::default());
        let store = MemoryJourneyStore::new(clock.clone());
        for n in 0..100_u8 {
            let key = crate::conformance::key(&[n]);
            store.create(&key, vec![n], Duration::from_secs(1)).await.expect("room");
        }
        clock.advance(Duration::from_secs(1));
        assert!(store.sessions().by_key.is_empty() && store.sessions().by_end.is_empty());
    }
}
