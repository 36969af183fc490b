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
    Record, Repudiate, Repudiated, Revoke, RevokeOutcome, Verify, VerifyOutcome,
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

    async fn repudiate(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Repudiate,
    ) -> Result<Repudiated, StoreError> {
        self.run(subject, asked_at, |record, _, now| record.repudiate(&command, now))
    }

    async fn lift_repudiation(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.run(subject, asked_at, |record, _, now| record.lift_repudiation(now))
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
mod tests;
