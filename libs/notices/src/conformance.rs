//! The contract of every outbox: plain async functions over the port, an injected clock and applications of
//! their own, so that many run against one outbox at the same time.
//!
//! It holds an outbox to I26: every notice that was written waits until it is delivered or dead, however
//! dispatchers fail, and under one name.

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

mod history;

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock as _, FakeClock};
use codes::digest::Subject;
use codes::ids::ApplicationId;
use codes::randomness;
use futures_util::future::join_all;

pub use self::history::{Step, histories, history};
use crate::notice::NoticeId;
use crate::outbox::{Backlog, Entry, KEPT, LEASE, Outbox, REFUSALS_COUNT, Settlement};

const SECOND: Duration = Duration::from_secs(1);

/// An outbox under test, and the clock that it lives by.
pub struct Bench {
    /// The outbox.
    pub outbox: Arc<dyn Outbox>,
    /// The clock.
    pub clock: Arc<FakeClock>,
}

/// One application's part of an outbox.
struct Queue {
    bench: Bench,
    application: ApplicationId,
}

impl Queue {
    fn new(bench: Bench) -> Self {
        Self { bench, application: application() }
    }

    async fn write(&self, id: &NoticeId) {
        let written = self.bench.outbox.write(&self.application, id, body(id)).await;
        written.expect("the outbox answers");
    }

    async fn take(&self, limit: usize) -> Vec<Entry> {
        self.bench.outbox.take(&self.application, limit).await.expect("the outbox answers")
    }

    async fn take_one(&self) -> Entry {
        let mut taken = self.take(1).await;
        taken.pop().expect("one is due")
    }

    async fn settle(&self, entry: &Entry, settlement: Settlement) {
        let attempt = (&entry.id, entry.attempts);
        let settled = self.bench.outbox.settle(&self.application, attempt, settlement).await;
        settled.expect("the outbox answers");
    }

    async fn backlog(&self) -> Backlog {
        self.bench.outbox.backlog(&self.application).await.expect("the outbox answers")
    }

    fn wait(&self, duration: Duration) {
        self.bench.clock.advance(duration);
    }
}

/// An application that no other test has.
fn application() -> ApplicationId {
    let name = u128::from_be_bytes(randomness::bytes(&randomness::system()));
    ApplicationId::parse(&format!("app-{name:032x}")).expect("a valid ID")
}

fn id(number: u8) -> NoticeId {
    let name = format!("msg_{}", Subject::from_bytes([number; 16]));
    NoticeId::parse(&name).expect("a valid ID")
}

fn body(id: &NoticeId) -> Vec<u8> {
    [id.as_str().as_bytes(), &[0, 255]].concat()
}

/// A notice is due at once, and hidden from others until its dispatcher must have ended.
pub async fn a_notice_is_taken_by_one_until_its_lease_ends(bench: Bench) {
    let queue = Queue::new(bench);
    queue.write(&id(1)).await;
    let takes = join_all((0..20).map(|_| queue.take(5))).await;
    let taken = takes.concat();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((&taken[0].id, taken[0].attempts, taken[0].age), (&id(1), 1, Duration::ZERO));
    assert_eq!(taken[0].sealed, body(&id(1)));
    queue.wait(LEASE.saturating_sub(SECOND));
    assert_eq!(queue.take(5).await, []);
    queue.wait(SECOND);
    let again = queue.take_one().await;
    assert_eq!((&again.id, again.attempts, again.age), (&id(1), 2, LEASE));
    assert_eq!(again.written_at, taken[0].written_at);
}

/// A retried call writes no second notice, and does not make the first one due.
pub async fn a_name_waits_once(bench: Bench) {
    let queue = Queue::new(bench);
    join_all((0..20).map(|_| async { queue.write(&id(1)).await })).await;
    let entry = queue.take_one().await;
    queue.write(&id(1)).await;
    assert_eq!(queue.take(5).await, []);
    assert_eq!(queue.backlog().await.waiting, 1);
    queue.settle(&entry, Settlement::Delivered).await;
    assert_eq!(queue.backlog().await, Backlog::default());
}

/// One poisoned notice delays no other.
pub async fn a_failing_notice_is_overtaken(bench: Bench) {
    let queue = Queue::new(bench);
    queue.write(&id(1)).await;
    let poisoned = queue.take_one().await;
    queue.settle(&poisoned, Settlement::Failed(60 * SECOND)).await;
    for number in 2..5 {
        queue.write(&id(number)).await;
    }
    let others = queue.take(5).await;
    assert_eq!(others.len(), 3, "{others:?}");
    queue.wait(60 * SECOND);
    let due: Vec<_> = queue.take(5).await.into_iter().map(|entry| entry.id).collect();
    // The leases of the others ended first.
    assert_eq!(due.last(), Some(&id(1)));
}

/// A dispatcher that took too long changes nothing for the one that came after it, unless it delivered.
pub async fn a_late_failure_leaves_the_next_attempt(bench: Bench) {
    let queue = Queue::new(bench);
    queue.write(&id(1)).await;
    let first = queue.take_one().await;
    queue.wait(LEASE);
    let second = queue.take_one().await;
    queue.settle(&first, Settlement::Failed(Duration::ZERO)).await;
    assert_eq!(queue.take(1).await, []);
    queue.settle(&first, Settlement::Delivered).await;
    queue.settle(&second, Settlement::Failed(Duration::ZERO)).await;
    assert_eq!(queue.take(1).await, []);
    assert_eq!(queue.backlog().await.waiting, 0);
}

/// The lag grows while notices wait and none is delivered.
pub async fn the_lag_is_the_time_without_a_delivery_while_notices_wait(bench: Bench) {
    let queue = Queue::new(bench);
    let lag = async || queue.backlog().await.lag;
    assert_eq!(lag().await, Duration::ZERO);
    queue.write(&id(1)).await;
    queue.wait(30 * SECOND);
    queue.write(&id(2)).await;
    assert_eq!(lag().await, 30 * SECOND);
    let taken = queue.take(2).await;
    queue.settle(&taken[0], Settlement::Failed(3600 * SECOND)).await;
    assert_eq!(lag().await, 30 * SECOND);
    queue.settle(&taken[1], Settlement::Delivered).await;
    queue.wait(3000 * SECOND);
    assert_eq!(lag().await, Duration::ZERO, "the one that waits was overtaken");
    queue.write(&id(3)).await;
    queue.wait(10 * SECOND);
    assert_eq!(lag().await, 10 * SECOND);
    let third = queue.take_one().await;
    queue.settle(&third, Settlement::Dead).await;
    assert_eq!(lag().await, 10 * SECOND, "nothing was delivered, and one waits");
    queue.wait(3600 * SECOND);
    let last = queue.take_one().await;
    queue.settle(&last, Settlement::Delivered).await;
    assert_eq!(queue.backlog().await, Backlog::default());
}

/// A receiver that refuses every notice is as bad as one that is down.
pub async fn dead_letters_count_as_lag_until_a_delivery(bench: Bench) {
    let queue = Queue::new(bench);
    for number in 1..4 {
        queue.write(&id(number)).await;
        let entry = queue.take_one().await;
        queue.settle(&entry, Settlement::Dead).await;
        queue.wait(60 * SECOND);
        let backlog = queue.backlog().await;
        assert_eq!((backlog.waiting, backlog.lag), (0, u32::from(number) * 60 * SECOND));
    }
    queue.write(&id(4)).await;
    let entry = queue.take_one().await;
    queue.settle(&entry, Settlement::Delivered).await;
    assert_eq!(queue.backlog().await, Backlog::default());

    // A dispatcher that was late changes nothing.
    queue.settle(&entry, Settlement::Dead).await;
    queue.wait(60 * SECOND);
    assert_eq!(queue.backlog().await, Backlog::default());
}

/// No code is issued, so nothing can be delivered: the receiver is tried again after an hour.
pub async fn dead_letters_are_forgotten_after_an_hour_in_which_nothing_waits(bench: Bench) {
    let queue = Queue::new(bench);
    for number in 1..3 {
        queue.write(&id(number)).await;
    }
    let taken = queue.take(2).await;
    queue.settle(&taken[0], Settlement::Dead).await;
    queue.settle(&taken[1], Settlement::Failed(SECOND)).await;
    queue.wait(REFUSALS_COUNT);
    assert_eq!(queue.backlog().await.lag, REFUSALS_COUNT, "one waits");
    let last = queue.take_one().await;
    queue.settle(&last, Settlement::Dead).await;
    queue.wait(REFUSALS_COUNT.saturating_sub(SECOND));
    assert_eq!(queue.backlog().await.lag, (REFUSALS_COUNT * 2).saturating_sub(SECOND));
    queue.wait(SECOND);
    assert_eq!(queue.backlog().await, Backlog::default());
    queue.write(&id(3)).await;
    queue.wait(SECOND);
    assert_eq!(queue.backlog().await.lag, SECOND);
}

/// A first failure begins the lag of what waited beside a delivery.
pub async fn a_first_failure_begins_the_lag(bench: Bench) {
    let queue = Queue::new(bench);
    queue.write(&id(1)).await;
    queue.write(&id(2)).await;
    let taken = queue.take(2).await;
    queue.settle(&taken[0], Settlement::Delivered).await;
    queue.settle(&taken[1], Settlement::Failed(SECOND)).await;
    queue.wait(SECOND);
    assert_eq!(queue.backlog().await.lag, SECOND);
}

/// A suspension ends by itself, and each application has its own.
pub async fn a_suspension_ends(bench: Bench) {
    let queue = Queue::new(bench);
    let suspend = async |duration| {
        let suspended = queue.bench.outbox.suspend(&queue.application, duration).await;
        suspended.expect("the outbox answers");
    };
    suspend(60 * SECOND).await;
    let until = queue.bench.clock.now() + 60 * SECOND;
    assert_eq!(queue.backlog().await.suspended_until, Some(until));
    let other = queue.bench.outbox.backlog(&application()).await.expect("the outbox answers");
    assert_eq!(other, Backlog::default());
    queue.wait(60 * SECOND);
    assert_eq!(queue.backlog().await, Backlog::default());
    suspend(60 * SECOND).await;
    suspend(Duration::ZERO).await;
    assert_eq!(queue.backlog().await, Backlog::default());
    assert!(KEPT > 24 * 3600 * SECOND, "a suspension of a day does not end with its outbox");
}

/// Holds an outbox to the contract: `outbox_contract!(expression that makes a `Bench`);`
#[macro_export]
macro_rules! outbox_contract {
    ($bench:expr) => {
        $crate::outbox_contract!(@each $bench;
            a_notice_is_taken_by_one_until_its_lease_ends
            a_name_waits_once
            a_failing_notice_is_overtaken
            a_late_failure_leaves_the_next_attempt
            the_lag_is_the_time_without_a_delivery_while_notices_wait
            a_first_failure_begins_the_lag
            dead_letters_count_as_lag_until_a_delivery
            dead_letters_are_forgotten_after_an_hour_in_which_nothing_waits
            a_suspension_ends
        );
    };
    (@each $bench:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::conformance::$case($bench).await;
            }
        )*
    };
}
