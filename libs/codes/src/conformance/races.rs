//! Parallel calls.

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};

use super::{Bench, World, accepted, reason, request, wrong};
use crate::issuer::{Issuance, IssuedCode};
use crate::policy::{Policy, PolicySettings};
use crate::record::DenialReason;
use crate::user::Identifier;
use crate::verifier::Verification;

/// As many calls as a determined attacker sends in one burst.
const BURST: usize = 10_000;

/// How many of them run in parallel: this does not test a store's deadline.
const AT_ONCE: usize = 100;

async fn burst(
    world: &World,
    user: &Identifier,
    guesses: impl Iterator<Item = String>,
) -> Vec<Verification> {
    let attempts = guesses.map(|guess| async move { world.verify(user, &guess).await });
    stream::iter(attempts).buffer_unordered(AT_ONCE).collect().await
}

fn count_accepted(outcomes: &[Verification]) -> usize {
    outcomes.iter().filter(|outcome| accepted(outcome)).count()
}

fn count_compared(outcomes: &[Verification]) -> usize {
    let compared = |outcome: &&Verification| {
        !accepted(outcome)
            && matches!(reason(outcome), DenialReason::WrongCode | DenialReason::Burned)
    };
    outcomes.iter().filter(compared).count()
}

async fn issued(bench: Bench) -> (World, Identifier, IssuedCode) {
    let world = World::new(bench);
    let user = world.stranger();
    let code = world.issue(&user).await;
    (world, user, code)
}

/// T-A1.
pub async fn of_parallel_redemptions_one_is_accepted(bench: Bench) {
    let (world, user, code) = issued(bench).await;
    let right = code.code.expose().to_owned();
    let outcomes = burst(&world, &user, (0..BURST).map(|_| right.clone())).await;
    assert_eq!(count_accepted(&outcomes), 1);
    assert_eq!(outcomes.len(), BURST);
}

/// T-A2.
pub async fn of_parallel_guesses_three_are_compared(bench: Bench) {
    let (world, user, code) = issued(bench).await;
    let outcomes = burst(&world, &user, (0..BURST).map(|_| wrong(&code))).await;
    assert_eq!((count_accepted(&outcomes), count_compared(&outcomes)), (0, 3));
    assert_eq!(reason(&world.verify(&user, code.code.expose()).await), DenialReason::Locked);
}

/// T-A3.
pub async fn of_mixed_attempts_at_most_one_is_accepted_and_three_are_compared(bench: Bench) {
    let (world, user, code) = issued(bench).await;
    let guess = |i: usize| if i % 5 == 4 { code.code.expose().to_owned() } else { wrong(&code) };
    let outcomes = burst(&world, &user, (0..BURST).map(guess)).await;
    assert!(count_accepted(&outcomes) <= 1);
    assert!(count_compared(&outcomes) <= 3);
}

/// T-A4.
pub async fn of_parallel_issues_one_code_verifies(bench: Bench) {
    // Every code of the burst gets one guess, so the limit of guesses does not matter.
    let settings = PolicySettings {
        failed_attempts: Policy::CONSECUTIVE_FAILURES,
        length: 12,
        ..PolicySettings::default()
    };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let user = world.stranger();
    let issuances = join_all((0..80).map(|_| world.ask(request(&user)))).await;
    let mut verified = 0;
    for issuance in issuances {
        let Issuance::Issued(code) = issuance else { panic!("{issuance:?}") };
        verified += usize::from(accepted(&world.verify(&user, code.code.expose()).await));
    }
    assert_eq!(verified, 1);
}

/// T-C2.
pub async fn of_parallel_retries_one_takes_effect(bench: Bench) {
    let (world, user, code) = issued(bench).await;
    let guess = wrong(&code);
    let retries = (0..1000).map(|_| world.verify_as(&user, &guess, Some("key")));
    let outcomes: Vec<_> = stream::iter(retries).buffer_unordered(AT_ONCE).collect().await;
    assert!(outcomes.iter().all(|outcome| reason(outcome) == DenialReason::WrongCode));
    assert_eq!(world.describe(&user).await.lockout.failures, 1);
}
