//! Waiting journeys, sealed before they are stored: a reader of the store learns neither the users
//! nor what they typed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use encryption::seal::Sealer;
use journeys::ids::SessionKey;
use journeys::ports::{Advance, JourneyStore, StoreFault, Stored};

/// Seals what goes into another store, and opens what comes out of it.
pub(crate) struct SealedStore {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) inner: Arc<dyn JourneyStore>,
}

impl SealedStore {
    fn seal(&self, key: &SessionKey, body: Vec<u8>) -> Result<Vec<u8>, StoreFault> {
        let sealed = self.sealer.seal(key.as_str(), body);
        sealed.ok_or_else(|| StoreFault("a journey could not be sealed".to_owned()))
    }
}

#[async_trait]
impl JourneyStore for SealedStore {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault> {
        self.inner.create(key, self.seal(key, body)?, lifetime).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        let Some(Stored { version, body }) = self.inner.load(key).await? else { return Ok(None) };
        // Sealed under another key, as before a restart without one: as good as gone.
        let body = self.sealer.open(key.as_str(), &body);
        Ok(body.map(|body| Stored { version, body: body.to_vec() }))
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        self.inner.advance(key, expected, self.seal(key, body)?, lifetime).await
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        self.inner.end(key).await
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;
    use journeys::conformance::{Bench, check_all, key};
    use journeys::memory::MemoryJourneyStore;

    use super::*;

    #[tokio::test]
    async fn a_sealed_store_is_a_journey_store() {
        let clock = Arc::new(FakeClock::default());
        let inner = Arc::new(MemoryJourneyStore::new(clock.clone()));
        let sealer = Arc::new(Sealer::new(&[1; 32]));
        check_all(&Bench { store: Arc::new(SealedStore { sealer, inner }), clock }).await;
    }

    #[tokio::test]
    async fn what_is_stored_tells_nothing() {
        let inner = Arc::new(MemoryJourneyStore::new(Arc::new(FakeClock::default())));
        let sealer = Arc::new(Sealer::new(&[1; 32]));
        let store = SealedStore { sealer, inner: inner.clone() };
        let (key, life) = (key(b"tells nothing"), Duration::from_secs(60));
        store.create(&key, b"ada@example.com".to_vec(), life).await.expect("serves");
        let stored = inner.load(&key).await.expect("serves").expect("is there").body;
        assert!(!stored.windows(3).any(|window| window == b"ada"));
    }
}
