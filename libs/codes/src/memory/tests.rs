//! The contract, histories, and what only this store shows.

use std::time::Duration;

use clock::FakeClock;
use proptest::prelude::*;

use super::*;
use crate::conformance::history::{keeps_the_invariants, op};
use crate::conformance::strangers::{story, views};
use crate::conformance::{Bench, World, accepted, reason};
use crate::record::DenialReason;

fn bench() -> Bench {
    Bench::in_memory(Arc::new(FakeClock::default()))
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
        let world = World::new(Bench::in_memory(clock.clone()));
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
    let bench = Bench { store: store.clone(), claims, ..Bench::in_memory(clock.clone()) };
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
