//! Paired codes: each works in one journey only.

use super::{Bench, Place, World, accepted, granted, keyed, paired, reason, request, wrong};
use crate::issuer::{Issuance, IssueRequest};
use crate::policy::{PairingRule, Policy, PolicySettings};
use crate::record::{DenialReason, Description, Lockout};
use crate::verifier::Verification;

/// I27.
pub async fn a_paired_code_works_in_its_journey_alone(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let issued = world.issue_paired(&user, journey).await;
    assert!(issued.paired);
    for place in [Place::default(), world.journey()] {
        let denial = world.verify_from(place, &user, issued.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::NotPaired);
    }
    assert!(accepted(&world.verify_from(journey, &user, issued.code.expose()).await));
    assert!(world.describe(&user).await.code.is_some_and(|code| code.paired));
}

/// I7, I27: before and after the code's expiry.
pub async fn strangers_neither_compare_nor_count_nor_write_at_a_paired_code(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let issued = world.issue_paired(&user, journey).await;
    for expected in [None, Some(DenialReason::Expired)] {
        let before = world.describe(&user).await;
        for guess in [wrong(&issued), issued.code.expose().to_owned()] {
            for attempt in 0..10 {
                let place = if attempt % 2 == 0 { Place::default() } else { world.journey() };
                let denial = world.verify_from(place.at(attempt), &user, &guess).await;
                assert_eq!(reason(&denial), DenialReason::NotPaired);
            }
        }
        assert_eq!(world.describe(&user).await, before);
        if expected.is_some() {
            let late = world.verify_from(journey, &user, issued.code.expose()).await;
            assert_eq!(Some(reason(&late)), expected, "the owner is told");
        }
        world.wait(300);
    }
}

async fn fail_from(world: &World, user: &crate::user::Identifier, journey: Place, times: u32) {
    let code = world.issue_paired(user, journey).await;
    for _ in 0..times {
        world.verify_from(journey, user, &wrong(&code)).await;
    }
}

/// I2, I5, I27: the lock of one kind of code does not affect the other kind.
pub async fn each_kind_of_code_has_counts_and_a_lock_of_its_own(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let open = world.issue(&user).await;
    world.fail(&user, &open, 3).await;
    assert!(matches!(world.ask(request(&user)).await, Issuance::Locked(_)));
    let before = world.describe(&user).await;
    assert_eq!((before.lockout.failures, before.paired_lockout), (3, Lockout::default()));

    let code = world.issue_paired(&user, journey).await;
    assert_eq!(code.attempts_allowed, 3);
    assert!(accepted(&world.verify_from(journey, &user, code.code.expose()).await));
    let after = world.describe(&user).await.lockout;
    assert_eq!(after, before.lockout, "a success clears the counts of its kind alone");

    world.wait(900);
    fail_from(&world, &user, journey, 3).await;
    let number = world.number(&user, journey).await;
    assert!(matches!(world.ask(paired(&user, number)).await, Issuance::Locked(_)));
    assert_eq!(world.describe(&user).await.lockout.failures, 0);
    let open = world.issue(&user).await;
    assert_eq!(open.attempts_allowed, 3);
    assert!(accepted(&world.verify(&user, open.code.expose()).await));
}

/// I5.
pub async fn an_override_ends_the_lock_of_its_kind_alone(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let open = world.issue(&user).await;
    world.fail(&user, &open, 3).await;
    fail_from(&world, &user, journey, 3).await;
    let before = world.describe(&user).await;
    let number = world.number(&user, journey).await;
    let forced = IssueRequest { override_lockout: true, ..paired(&user, number) };
    assert_eq!(granted(world.ask(forced).await).attempts_allowed, 3);
    let after = world.describe(&user).await;
    assert_eq!(after.lockout, before.lockout);
    let expected = Lockout { consecutive_failures: 3, ..Lockout::default() };
    assert_eq!(after.paired_lockout, expected);
}

/// I5.
pub async fn clearing_ends_both_kinds_of_failures(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let open = world.issue(&user).await;
    world.fail(&user, &open, 2).await;
    fail_from(&world, &user, journey, 3).await;
    let cleared = world.clear(&user).await;
    assert_eq!((cleared.lock, cleared.failures, cleared.disabled), (true, 5, false));
    let Description { lockout, paired_lockout, .. } = world.describe(&user).await;
    assert_eq!((lockout, paired_lockout), (Lockout::default(), Lockout::default()));
}

/// I21.
pub async fn failures_at_paired_codes_disable_paired_codes_alone(bench: Bench) {
    let settings = PolicySettings { failed_attempts: 50, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let (user, journey) = (world.stranger(), world.journey());
    for _ in 0..2 {
        fail_from(&world, &user, journey, 50).await;
        world.wait(901);
    }
    let number = world.number(&user, journey).await;
    assert!(matches!(world.ask(paired(&user, number)).await, Issuance::Disabled));
    let Description { lockout, paired_lockout, .. } = world.describe(&user).await;
    assert_eq!((lockout.disabled, paired_lockout.disabled), (false, true));
    let open = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, open.code.expose()).await));
    assert!(world.clear(&user).await.disabled);
    let code = world.issue_paired(&user, journey).await;
    assert!(accepted(&world.verify_from(journey, &user, code.code.expose()).await));
}

/// A journey that has paired may still get an unpaired code.
pub async fn a_binding_at_an_unpaired_code_counts_as_unpaired(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let open = world.issue(&user).await;
    assert!(!open.paired);
    let denial = world.verify_from(journey, &user, &wrong(&open)).await;
    assert_eq!(reason(&denial), DenialReason::WrongCode);
    let Description { lockout, paired_lockout, .. } = world.describe(&user).await;
    assert_eq!((lockout.failures, paired_lockout), (1, Lockout::default()));
    assert!(accepted(&world.verify_from(journey, &user, open.code.expose()).await));
}

/// A policy may change while codes are active.
pub async fn an_unpaired_code_is_refused_where_pairing_is_required(bench: Bench) {
    let mut world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let open = world.issue(&user).await;
    let settings = PolicySettings { pairing: PairingRule::Required, ..PolicySettings::default() };
    world.policy = Policy::new(settings).expect("valid");
    let before = world.describe(&user).await;
    for guess in [wrong(&open), open.code.expose().to_owned()] {
        let denial = world.verify_from(journey, &user, &guess).await;
        assert_eq!(reason(&denial), DenialReason::NotPaired);
    }
    assert_eq!(world.describe(&user).await, before);
    let code = world.issue_paired(&user, journey).await;
    assert!(accepted(&world.verify_from(journey, &user, code.code.expose()).await));
}

/// I8: the pairing is read at the first call; the code keeps its binding.
pub async fn a_retried_issue_stays_in_its_journey(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let number = world.number(&user, journey).await;
    let ask = || IssueRequest { pairing: Some(number.clone()), ..keyed(&user, "key") };
    let first = granted(world.ask(ask()).await);
    world.withdraw(&user, journey).await;
    let again = granted(world.ask(ask()).await);
    assert_eq!((again.code_id, again.paired), (first.code_id, true));
    let unpaired = world.ask(keyed(&user, "key")).await;
    assert!(matches!(unpaired, Issuance::Conflict), "it is another request: {unpaired:?}");
    let stranger = world.verify(&user, again.code.expose()).await;
    assert_eq!(reason(&stranger), DenialReason::NotPaired);
    let guess = again.code.expose();
    let once = world.try_verify_from(journey, &user, guess, Some("guess")).await;
    assert!(accepted(&once.expect("an answer")));
    let elsewhere = world.try_verify_from(world.journey(), &user, guess, Some("guess")).await;
    assert_eq!(elsewhere.expect("an answer"), Verification::Conflict);
}
