//! Tests of how an attempt is named, and how it is written to the audit trail.

use std::task::{Context as Task, Waker};

use async_trait::async_trait;
use clock::FakeClock;
use tokio::sync::Barrier;

use super::*;
use crate::ids::{AgentId, ProviderId};
use crate::memory::{MemoryClaimStore, MemoryCodeStore, MemoryGrantStore};

/// A trail that confirms an event once three are waited for.
struct Slow(Barrier);

#[async_trait]
impl Audit for Slow {
    async fn record(&self, _: Event) -> Result<(), AuditError> {
        self.0.wait().await;
        Ok(())
    }
}

fn operations() -> Operations {
    let key = |byte: u8| vec![byte; 32].into();
    let clock = Arc::new(FakeClock::default());
    Operations {
        store: Arc::new(MemoryCodeStore::new(clock.clone())),
        claims: Arc::new(MemoryClaimStore::new(clock.clone())),
        grants: Arc::new(MemoryGrantStore::new(clock.clone())),
        audit: Arc::new(Slow(Barrier::new(3))),
        addresses: Addresses::Keyed,
        peppers: Arc::new(Peppers::new(key(1), key(2), None).expect("valid peppers")),
        clock,
        randomness: randomness::system(),
    }
}

fn caller() -> Caller {
    Caller {
        application: ApplicationId::parse("acme").expect("valid"),
        client: ClientId::parse("verifier").expect("valid"),
        agent: None,
        is_service: false,
    }
}

/// Else the guess that burns a code would be answered later than any other.
#[test]
fn all_events_of_an_attempt_are_written_before_one_is_waited_for() {
    let (operations, caller) = (operations(), caller());
    let context = Context::default();
    let attempt = operations.random_attempt();
    let entry = Entry::new(&caller, Subject::from_bytes([1; 16]), attempt, &context);
    let mut written =
        Box::pin(operations.record(entry, [Action::Burned, Action::Locked, Action::Revoked]));
    // The first look writes all; the second sees what the barrier woke.
    let mut task = Task::from_waker(Waker::noop());
    let looks = [(); 2].map(|()| written.as_mut().poll(&mut task).is_ready());
    assert!(looks.contains(&true), "one event waited for another");
}

/// An agent is known by provider and name: a key of one is not a retry of the other's request.
#[test]
fn agents_of_two_providers_make_two_requests_under_one_key() {
    let operations = operations();
    let key = IdempotencyKey::parse("T-1").expect("valid");
    let by = |provider: Option<&str>| {
        let agent = provider.map(|provider| Agent {
            provider: ProviderId::parse(provider).expect("valid"),
            id: AgentId::parse("agent-7").expect("valid"),
        });
        operations.attempt(&Caller { agent, ..caller() }, Some(&key), "issue", &[b"jane"])
    };
    let attempts = [by(None), by(Some("acme")), by(Some("other"))];
    for (at, attempt) in attempts.iter().enumerate() {
        assert_eq!(attempt.id, attempts[0].id);
        let equal = attempts.iter().filter(|it| it.fingerprint == attempt.fingerprint);
        assert_eq!(equal.count(), 1, "{at}");
    }
    assert_eq!(by(Some("acme")).fingerprint, attempts[1].fingerprint);
}
