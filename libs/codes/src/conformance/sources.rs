//! Attempts per source: one address cannot burn an unpaired code.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::{Bench, Place, World, accepted, granted, reason, request, wrong};
use crate::issuer::IssueRequest;
use crate::policy::{Policy, PolicySettings};
use crate::record::DenialReason;

/// Six attempts at a code, two for each source.
fn world(bench: Bench) -> World {
    let settings = PolicySettings {
        failed_attempts: 6,
        attempts_per_source: Some(2),
        ..PolicySettings::default()
    };
    World::with_policy(bench, Policy::new(settings).expect("valid"))
}

fn from(number: u32) -> Place {
    Place::default().at(number)
}

/// I7, I29: a client that names no address is itself the source.
pub async fn a_source_that_used_its_attempts_is_not_compared(bench: Bench) {
    let world = world(bench);
    for attacker in [from(1), Place::default()] {
        let user = world.stranger();
        let issued = world.issue(&user).await;
        for _ in 0..2 {
            let denial = world.verify_from(attacker, &user, &wrong(&issued)).await;
            assert_eq!(reason(&denial), DenialReason::WrongCode);
        }
        let before = world.describe(&user).await;
        assert_eq!(before.code.as_ref().map(|code| code.exhausted_sources), Some(1));
        for guess in [wrong(&issued), issued.code.expose().to_owned()] {
            let denial = world.verify_from(attacker, &user, &guess).await;
            assert_eq!(reason(&denial), DenialReason::SourceExhausted);
        }
        assert_eq!(world.describe(&user).await, before);
        assert!(accepted(&world.verify_from(from(2), &user, issued.code.expose()).await));
        let spent = world.describe(&user).await.code.map(|code| code.exhausted_sources);
        assert_eq!(spent, Some(0), "a spent code needs none");
    }
}

/// I29 holds per code; the limit of the window still applies.
pub async fn a_new_code_gives_a_source_its_attempts_again(bench: Bench) {
    let world = world(bench);
    let user = world.stranger();
    for _ in 0..2 {
        let issued = world.issue(&user).await;
        for _ in 0..3 {
            world.verify_from(from(1), &user, &wrong(&issued)).await;
        }
        let denial = world.verify_from(from(1), &user, issued.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::SourceExhausted);
    }
    assert_eq!(world.describe(&user).await.lockout.failures, 4);
}

/// I29: comparisons after the code's expiry count too.
pub async fn guesses_of_a_source_at_an_expired_code_are_bounded_too(bench: Bench) {
    let world = world(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.verify_from(from(1), &user, &wrong(&issued)).await;
    world.wait(300);
    let late = world.verify_from(from(1), &user, &wrong(&issued)).await;
    assert_eq!(reason(&late), DenialReason::NoCode);
    let spent = world.verify_from(from(1), &user, issued.code.expose()).await;
    assert_eq!(reason(&spent), DenialReason::SourceExhausted);
    let other = world.verify_from(from(2), &user, issued.code.expose()).await;
    assert_eq!(reason(&other), DenialReason::Expired);
}

/// I8.
pub async fn a_retried_guess_costs_its_source_one_attempt(bench: Bench) {
    let world = world(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    for _ in 0..5 {
        let denial = world.try_verify_from(from(1), &user, &wrong(&issued), Some("key")).await;
        assert_eq!(reason(&denial.expect("an answer")), DenialReason::WrongCode);
    }
    assert!(accepted(&world.verify_from(from(1), &user, issued.code.expose()).await));
}

/// I29, exact in parallel: each source has exactly its number of comparisons.
pub async fn of_parallel_guesses_each_source_has_its_attempts_and_no_more(bench: Bench) {
    let settings = PolicySettings {
        length: 8,
        failed_attempts: 100,
        attempts_per_source: Some(3),
        ..PolicySettings::default()
    };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let user = world.stranger();
    let life = Some(Duration::from_secs(3600));
    let issued = granted(world.ask(IssueRequest { expires_in: life, ..request(&user) }).await);
    let guess = wrong(&issued);
    let guesses = (0..1000_u32).map(|at| {
        let (world, user, guess) = (&world, &user, &guess);
        async move { (at % 30, world.verify_from(from(at % 30), user, guess).await) }
    });
    let outcomes: Vec<_> = stream::iter(guesses).buffer_unordered(100).collect().await;
    let mut compared = HashMap::<u32, u32>::new();
    for (source, outcome) in &outcomes {
        match reason(outcome) {
            DenialReason::WrongCode => *compared.entry(*source).or_default() += 1,
            other => assert_eq!(other, DenialReason::SourceExhausted),
        }
    }
    assert_eq!(compared, (0..30).map(|source| (source, 3)).collect());
    let code = world.describe(&user).await.code;
    assert_eq!(code.map(|code| code.exhausted_sources), Some(30));
    assert!(accepted(&world.verify_from(from(31), &user, issued.code.expose()).await));
}
