//! Revoked grants in memory that can fail, and count how often they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use clock::Clock;
use codes::grants::GrantStore;
use codes::ids::GrantId;
use codes::memory::MemoryGrantStore;
use codes::store::StoreError;

pub(crate) struct FakeGrants {
    store: MemoryGrantStore,
    fails: AtomicBool,
    reads: AtomicUsize,
}

impl FakeGrants {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (fails, reads) = (AtomicBool::default(), AtomicUsize::default());
        Self { store: MemoryGrantStore::new(clock), fails, reads }
    }

    pub(crate) fn fail_once(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl GrantStore for FakeGrants {
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError> {
        self.store.revoke(grant).await
    }

    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".to_owned()));
        }
        self.store.is_revoked(grant).await
    }
}
