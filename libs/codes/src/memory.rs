//! The store in this process's memory: the specification of all other stores.
//!
//! It is one map behind one lock, under which a whole transition runs. Its records are lost with
//! the process and seen by no other: it is for development, tests and the all-in-one binary.
//!
//! Its time never goes back. If the machine's clock does, the store's time stops until the clock
//! has caught up. After a step back of more than [`MAX_SKEW`](crate::store::MAX_SKEW), calls are
//! refused until then, as for any caller with a wrong clock.

mod claims;
mod grants;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};

use crate::digest::Subject;
use crate::pairing::{Binding, Pairing, PairingNumber};
use crate::record::{
    Clear, ClearOutcome, Description, Fence, Issue, IssueCheck, IssueOutcome, Pair, PairOutcome,
    Record, Revoke, RevokeOutcome, Verify, VerifyOutcome,
};
use crate::store::{CodeStore, StoreError, check_skew};

pub use self::claims::MemoryClaimStore;
pub use self::grants::MemoryGrantStore;

/// Keeps records in a map.
pub struct MemoryCodeStore {
    clock: Monotonic,
    state: Mutex<Shelf>,
}

struct Shelf {
    records: HashMap<Subject, Record>,
    promotions: u64,
    /// The number of records at which expired ones are removed next.
    sweep_at: usize,
}

/// The least number of records at which expired ones are removed.
const MIN_SWEEP: usize = 1024;

impl MemoryCodeStore {
    /// An empty store that uses `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shelf = Shelf { records: HashMap::new(), promotions: 0, sweep_at: MIN_SWEEP };
        Self { clock: Monotonic::new(clock), state: Mutex::new(shelf) }
    }

    /// Behaves as a primary that was just promoted: earlier codes are behind the fence.
    pub fn promote(&self) {
        self.shelf().promotions += 1;
    }

    /// The number of records, including expired ones that are not removed yet.
    pub fn len(&self) -> usize {
        self.shelf().records.len()
    }

    /// Whether no record is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A transition that panicked has written nothing, so the map is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one transition of one record, atomically.
    fn run<T>(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        transition: impl FnOnce(Record, &Fence, Timestamp) -> (Record, T),
    ) -> Result<T, StoreError> {
        let mut shelf = self.shelf();
        let now = self.clock.now();
        check_skew(asked_at, now)?;
        let fence = Fence(format!("memory-{}", shelf.promotions));
        let before = shelf.records.remove(&subject).unwrap_or_default().found_at(now);
        let (after, outcome) = transition(before, &fence, now);
        if now < after.dies_at() {
            shelf.records.insert(subject, after);
            shelf.sweep(now);
        }
        Ok(outcome)
    }
}

impl Shelf {
    /// Removes expired records each time the store has doubled, so that the average cost of an
    /// operation stays constant.
    fn sweep(&mut self, now: Timestamp) {
        if self.records.len() >= self.sweep_at {
            self.records.retain(|_, record| now < record.dies_at());
            self.sweep_at = MIN_SWEEP.max(2 * self.records.len());
        }
    }
}

#[async_trait]
impl CodeStore for MemoryCodeStore {
    async fn issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueOutcome, StoreError> {
        self.run(subject, asked_at, |record, fence, now| record.issue(&command, fence, now))
    }

    async fn check_issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueCheck, StoreError> {
        self.run(subject, asked_at, |record, fence, now| {
            let check = record.check_issue(&command, fence, now);
            (record, check)
        })
    }

    async fn verify(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Verify,
    ) -> Result<VerifyOutcome, StoreError> {
        self.run(subject, asked_at, |record, fence, now| record.verify(&command, fence, now))
    }

    async fn revoke(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Revoke,
    ) -> Result<RevokeOutcome, StoreError> {
        self.run(subject, asked_at, |record, _, now| record.revoke(&command, now))
    }

    async fn clear_lockout(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Clear,
    ) -> Result<ClearOutcome, StoreError> {
        self.run(subject, asked_at, |record, _, now| record.clear_lockout(command, now))
    }

    async fn describe(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<Description, StoreError> {
        self.run(subject, asked_at, |record, _, now| {
            let description = record.describe(now);
            (record, description)
        })
    }

    async fn pair(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Pair,
    ) -> Result<PairOutcome, StoreError> {
        self.run(subject, asked_at, |record, _, now| record.pair(command, now))
    }

    async fn withdraw(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        binding: Binding,
    ) -> Result<(), StoreError> {
        self.run(subject, asked_at, |record, _, _| (record.withdraw(binding), ()))
    }

    async fn pairing(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        number: PairingNumber,
    ) -> Result<Option<Pairing>, StoreError> {
        self.run(subject, asked_at, |record, _, now| {
            let pairing = record.pairing(&number, now).cloned();
            (record, pairing)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clock::FakeClock;
    use proptest::prelude::*;

    use super::*;
    use crate::conformance::history::{keeps_the_invariants, op};
    use crate::conformance::strangers::{story, views};
    use crate::conformance::{Bench, World, accepted, reason};
    use crate::record::DenialReason;

    fn bench() -> Bench {
        bench_at(Arc::new(FakeClock::default()))
    }

    fn bench_at(clock: Arc<FakeClock>) -> Bench {
        let store = Arc::new(MemoryCodeStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let promoted = Arc::clone(&store);
        let claims = Arc::new(MemoryClaimStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let grants = Arc::new(MemoryGrantStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        Bench { store, claims, grants, clock, promote: Box::new(move || promoted.promote()) }
    }

    crate::code_store_contract!(bench());

    proptest! {
        #[test]
        fn any_history_keeps_the_invariants(ops in prop::collection::vec(op(), 1..120)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(keeps_the_invariants(bench(), &ops));
        }
    }

    proptest! {
        /// I27.
        #[test]
        fn strangers_change_nothing_that_the_owner_sees(story in story()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let with = runtime.block_on(views(bench(), &story, true));
            let without = runtime.block_on(views(bench(), &story, false));
            prop_assert_eq!(with, without);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 8)]
    async fn of_redemptions_on_many_threads_one_is_accepted() {
        let world = Arc::new(World::new(bench()));
        let user = world.stranger();
        let code = world.issue(&user).await.code.expose().to_owned();
        let attempts: Vec<_> = (0..10_000)
            .map(|_| {
                let (world, user, code) = (Arc::clone(&world), user.clone(), code.clone());
                tokio::spawn(async move { accepted(&world.verify(&user, &code).await) })
            })
            .collect();
        let mut successes = 0;
        for attempt in attempts {
            successes += usize::from(attempt.await.expect("no panic"));
        }
        assert_eq!(successes, 1);
    }

    /// I3.
    #[tokio::test]
    async fn an_expired_code_stays_expired_when_the_clock_goes_back() {
        for seconds in [1, 4, 200] {
            let clock = Arc::new(FakeClock::default());
            let world = World::new(bench_at(clock.clone()));
            let user = world.stranger();
            let issued = world.issue(&user).await;
            let code = issued.code.expose();
            clock.set(issued.expires_at);
            assert_eq!(reason(&world.verify(&user, code).await), DenialReason::Expired);
            let earlier = issued.expires_at.unix_millis() - seconds * 1000;
            clock.set(Timestamp::from_unix_millis(earlier));
            let again = world.try_verify_as(&user, code, None).await;
            assert!(!again.is_ok_and(|again| accepted(&again)), "{seconds} s back");
        }
    }

    /// I18, T-A6.
    #[tokio::test]
    async fn records_are_bounded_by_users_with_something_to_remember() {
        let clock = Arc::new(FakeClock::default());
        let store = Arc::new(MemoryCodeStore::new(clock.clone()));
        let claims = Arc::new(MemoryClaimStore::new(clock.clone()));
        let bench = Bench { store: store.clone(), claims, ..bench_at(clock.clone()) };
        let world = World::new(bench);
        for _ in 0..5000 {
            let nobody = world.stranger();
            world.verify(&nobody, "123456").await;
            world.revoke(&nobody).await;
            world.clear(&nobody).await;
        }
        assert!(store.is_empty());
        for round in 0..5 {
            for _ in 0..1024 {
                world.issue(&world.stranger()).await;
            }
            assert!(store.len() <= 2048, "round {round}: {}", store.len());
            clock.advance(Duration::from_secs(2 * 60 * 60));
        }
    }
}
