//! Notices in this process's memory: the readable reference of every other outbox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};
use codes::ids::ApplicationId;

use crate::notice::NoticeId;
use crate::outbox::{Backlog, Entry, KEPT, LEASE, Outbox, OutboxError, REFUSALS_COUNT, Settlement};

/// Keeps notices in maps, one for each application.
pub struct MemoryOutbox {
    clock: Monotonic,
    queues: Mutex<HashMap<ApplicationId, Queue>>,
}

/// The notices of one application.
#[derive(Default)]
struct Queue {
    waiting: HashMap<NoticeId, Held>,
    /// From when on no delivery has succeeded.
    late_since: Option<Timestamp>,
    /// Until when that counts although nothing waits.
    late_until: Timestamp,
    suspended_until: Timestamp,
    kept_until: Timestamp,
}

struct Held {
    sealed: Vec<u8>,
    written_at: Timestamp,
    due_at: Timestamp,
    attempts: u32,
}

impl MemoryOutbox {
    /// An empty outbox that lives by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Monotonic::new(clock), queues: Mutex::default() }
    }

    /// Runs one operation on an application's notices.
    fn run<T>(
        &self,
        application: &ApplicationId,
        operation: impl FnOnce(&mut Queue, Timestamp) -> T,
    ) -> T {
        // Every operation is whole before the lock is released, so a panic leaves nothing half done.
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        queues.retain(|_, queue| now < queue.kept_until);
        let queue = queues.entry(application.clone()).or_default();
        queue.forget_refusals(now);
        operation(queue, now)
    }
}

impl Queue {
    /// While nothing waits, nothing shows whether the receiver works again: a lag of dead letters ends.
    fn forget_refusals(&mut self, now: Timestamp) {
        if self.waiting.is_empty() && self.late_until <= now {
            self.late_since = None;
        }
    }

    fn write(&mut self, now: Timestamp, id: &NoticeId, sealed: Vec<u8>) {
        let held = Held { sealed, written_at: now, due_at: now, attempts: 0 };
        self.waiting.entry(id.clone()).or_insert(held);
        self.late_since.get_or_insert(now);
        self.kept_until = now + KEPT;
    }

    fn take(&mut self, now: Timestamp, limit: usize) -> Vec<Entry> {
        let mut due: Vec<_> =
            self.waiting.iter_mut().filter(|(_, held)| held.due_at <= now).collect();
        due.sort_by_key(|(id, held)| (held.due_at, (*id).clone()));
        let taken = due.into_iter().take(limit).map(|(id, held)| {
            held.attempts += 1;
            held.due_at = now + LEASE;
            Entry {
                id: id.clone(),
                sealed: held.sealed.clone(),
                attempts: held.attempts,
                age: now.since(held.written_at),
                written_at: held.written_at,
            }
        });
        taken.collect()
    }

    fn settle(&mut self, now: Timestamp, id: &NoticeId, attempts: u32, settlement: Settlement) {
        match settlement {
            Settlement::Delivered => {
                self.waiting.remove(id);
                self.late_since = None;
                self.late_until = Timestamp::default();
            }
            Settlement::Dead => {
                if self.waiting.remove(id).is_some() {
                    self.late_until = now + REFUSALS_COUNT;
                    self.kept_until = self.kept_until.max(now + KEPT);
                    self.note_failure(now, attempts);
                }
            }
            Settlement::Failed(pause) => {
                let held = self.waiting.get_mut(id).filter(|held| held.attempts == attempts);
                let Some(held) = held else { return };
                held.due_at = now + pause;
                self.note_failure(now, attempts);
            }
        }
    }

    fn note_failure(&mut self, now: Timestamp, attempts: u32) {
        if attempts == 1 {
            self.late_since.get_or_insert(now);
        }
    }

    fn backlog(&self, now: Timestamp) -> Backlog {
        Backlog {
            waiting: self.waiting.len() as u64,
            lag: self.late_since.map(|since| now.since(since)).unwrap_or_default(),
            suspended_until: Some(self.suspended_until).filter(|until| now < *until),
        }
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn write(
        &self,
        application: &ApplicationId,
        id: &NoticeId,
        sealed: Vec<u8>,
    ) -> Result<(), OutboxError> {
        self.run(application, |queue, now| queue.write(now, id, sealed));
        Ok(())
    }

    async fn take(
        &self,
        application: &ApplicationId,
        limit: usize,
    ) -> Result<Vec<Entry>, OutboxError> {
        Ok(self.run(application, |queue, now| queue.take(now, limit)))
    }

    async fn settle(
        &self,
        application: &ApplicationId,
        (id, attempts): (&NoticeId, u32),
        settlement: Settlement,
    ) -> Result<(), OutboxError> {
        self.run(application, |queue, now| queue.settle(now, id, attempts, settlement));
        Ok(())
    }

    async fn backlog(&self, application: &ApplicationId) -> Result<Backlog, OutboxError> {
        Ok(self.run(application, |queue, now| queue.backlog(now)))
    }

    async fn suspend(
        &self,
        application: &ApplicationId,
        duration: Duration,
    ) -> Result<(), OutboxError> {
        self.run(application, |queue, now| {
            queue.suspended_until = now + duration;
            queue.kept_until = now + KEPT;
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;
    use proptest::prelude::*;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::conformance::{Bench, histories, history};

    fn bench() -> Bench {
        let clock = Arc::new(FakeClock::default());
        Bench { outbox: Arc::new(MemoryOutbox::new(clock.clone())), clock }
    }

    crate::outbox_contract!(bench());

    proptest! {
        #[test]
        fn no_history_loses_a_notice(steps in histories()) {
            Runtime::new().expect("a runtime").block_on(history(&bench(), &steps));
        }
    }

    #[tokio::test]
    async fn an_untouched_outbox_ends() {
        let (clock, acme) = (Arc::new(FakeClock::default()), ApplicationId::parse("acme"));
        let (outbox, acme) = (MemoryOutbox::new(clock.clone()), acme.expect("valid"));
        outbox.suspend(&acme, KEPT * 2).await.expect("memory serves");
        clock.advance(KEPT);
        assert_eq!(outbox.backlog(&acme).await.expect("memory serves"), Backlog::default());
    }
}
