//! The store in this process's memory: the readable reference that every other store must equal.
//!
//! One map under one lock; a transition runs whole under it. Nothing survives the process, and no
//! other process sees it: for development, tests and the all-in-one binary.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};
use codes::ids::ApplicationId;
use codes::record::Attempt;
use codes::store::{StoreError, check_skew};

use crate::book::Book;
use crate::decide::Facts;
use crate::names::RequestId;
use crate::store::{
    About, Admission, Admit, Decide, DecideOutcome, DeskStore, Request, Stop, Stops,
};

/// Keeps the books of applications in a map.
pub struct MemoryDeskStore {
    clock: Monotonic,
    books: Mutex<HashMap<ApplicationId, Book>>,
}

impl MemoryDeskStore {
    /// An empty store that lives by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Monotonic::new(clock), books: Mutex::default() }
    }

    /// Runs one transition of one book, atomically.
    fn run<T>(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        transition: impl FnOnce(&mut Book, Timestamp) -> T,
    ) -> Result<T, StoreError> {
        // Each transition writes last, so a panic leaves nothing half done.
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        check_skew(asked_at, now)?;
        Ok(transition(books.entry(application.clone()).or_default(), now))
    }
}

#[async_trait]
impl DeskStore for MemoryDeskStore {
    async fn admit(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        command: Admit,
    ) -> Result<Admission, StoreError> {
        self.run(application, asked_at, |book, now| book.admit(command, now))
    }

    async fn settle(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        attempt: Attempt,
        collects: Option<RequestId>,
    ) -> Result<(), StoreError> {
        self.run(application, asked_at, |book, now| book.settle(attempt, collects, now))
    }

    async fn facts(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        about: About,
    ) -> Result<Facts, StoreError> {
        self.run(application, asked_at, |book, now| book.facts(&about, now))
    }

    async fn stops(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Stops, StoreError> {
        self.run(application, asked_at, |book, now| book.stops(now))
    }

    async fn stop(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        stop: Stop,
    ) -> Result<bool, StoreError> {
        self.run(application, asked_at, |book, now| book.stop(stop, now))
    }

    async fn requests(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Vec<Request>, StoreError> {
        self.run(application, asked_at, |book, now| book.requests(now))
    }

    async fn waiting(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<usize, StoreError> {
        self.run(application, asked_at, |book, now| book.waiting(now))
    }

    async fn request(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        id: RequestId,
    ) -> Result<Option<Request>, StoreError> {
        self.run(application, asked_at, |book, now| book.request(id, now))
    }

    async fn decide(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        command: Decide,
    ) -> Result<DecideOutcome, StoreError> {
        self.run(application, asked_at, |book, now| book.decide(command, now))
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;
    use proptest::prelude::*;

    use super::*;
    use crate::conformance::Bench;
    use crate::conformance::history::{keeps_the_invariants, op};

    fn bench() -> Bench {
        let clock = Arc::new(FakeClock::default());
        let codes = codes::conformance::Bench::in_memory(clock.clone());
        Bench { codes, store: Arc::new(MemoryDeskStore::new(clock)) }
    }

    crate::desk_store_contract!(bench());

    proptest! {
        #[test]
        fn any_history_keeps_the_invariants(ops in prop::collection::vec(op(), 1..80)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(keeps_the_invariants(bench(), &ops));
        }
    }
}
