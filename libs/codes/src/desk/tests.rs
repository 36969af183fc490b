//! Tests of how an attempt is written to the audit trail.

use std::task::{Context as Task, Waker};

use async_trait::async_trait;
use clock::FakeClock;
use tokio::sync::Barrier;

use super::*;
use crate::memory::{MemoryClaimStore, MemoryCodeStore};

/// A trail that confirms an event once three are waited for.
struct Slow(Barrier);

#[async_trait]
impl Audit for Slow {
    async fn record(&self, _: Event) -> Result<(), AuditError> {
        self.0.wait().await;
        Ok(())
    }
}

/// Else the guess that burns a code would be answered later than any other.
#[test]
fn all_events_of_an_attempt_are_written_before_one_is_waited_for() {
    let key = |byte: u8| vec![byte; 32].into();
    let clock = Arc::new(FakeClock::default());
    let desk = Desk {
        store: Arc::new(MemoryCodeStore::new(clock.clone())),
        claims: Arc::new(MemoryClaimStore::new(clock.clone())),
        audit: Arc::new(Slow(Barrier::new(3))),
        addresses: Addresses::Keyed,
        peppers: Arc::new(Peppers::new(key(1), key(2), None).expect("valid peppers")),
        clock,
        randomness: randomness::system(),
    };
    let caller = Caller {
        application: ApplicationId::parse("acme").expect("valid"),
        client: ClientId::parse("verifier").expect("valid"),
        is_service: false,
    };
    let context = Context::default();
    let attempt = AttemptId::from_bytes(randomness::bytes(&desk.randomness));
    let entry = Entry::new(&caller, Subject::from_bytes([1; 16]), attempt, &context);
    let mut written =
        Box::pin(desk.record(entry, [Action::Burned, Action::Locked, Action::Revoked]));
    // The first look writes all; the second sees what the barrier woke.
    let mut task = Task::from_waker(Waker::noop());
    let looks = [(); 2].map(|()| written.as_mut().poll(&mut task).is_ready());
    assert!(looks.contains(&true), "one event waited for another");
}
