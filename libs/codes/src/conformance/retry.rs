//! Retries: the same operation, sent again.

use super::{Bench, World, accepted, granted, keyed, reason, request, wrong};
use crate::issuer::{Issuance, Revocation, RevokeTarget};
use crate::policy::{Policy, PolicySettings};
use crate::record::{Cleared, CodeState, DenialReason, Description};
use crate::user::Identifier;
use crate::verifier::{Clearance, Verification};

/// I8.
pub async fn a_retry_has_the_same_outcome_and_one_effect(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    let denial = world.verify_as(&user, &wrong(&issued), Some("first")).await;
    for _ in 0..5 {
        assert_eq!(world.verify_as(&user, &wrong(&issued), Some("first")).await, denial);
    }
    assert_eq!(world.describe(&user).await.lockout.failures, 1);
    let success = world.verify_as(&user, issued.code.expose(), Some("second")).await;
    assert!(accepted(&success));
    assert_eq!(world.verify_as(&user, issued.code.expose(), Some("second")).await, success);
}

/// I8.
pub async fn a_key_for_another_request_conflicts(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.verify_as(&user, &wrong(&issued), Some("key")).await;
    let before = world.describe(&user).await;
    let conflict = world.verify_as(&user, issued.code.expose(), Some("key")).await;
    assert_eq!(conflict, Verification::Conflict);
    assert!(matches!(world.ask(keyed(&user, "key")).await, Issuance::Conflict));
    assert_eq!(world.describe(&user).await, before);
}

/// I8, T-C4.
pub async fn a_key_is_forgotten_after_its_window(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    assert!(accepted(&world.verify_as(&user, issued.code.expose(), Some("key")).await));
    world.wait(120);
    let late = world.verify_as(&user, issued.code.expose(), Some("key")).await;
    assert_eq!(reason(&late), DenialReason::NoCode);
}

/// I8, T-C4: after the window it is a new operation.
pub async fn a_revocation_or_clearing_is_forgotten_after_its_window(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let target = RevokeTarget::User(user.clone());
    world.revoke_as(target.clone(), Some("revoke")).await;
    let first = world.clear_as(&user, Some("clear")).await;
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 1).await;
    world.wait(119);
    assert_eq!(world.revoke_as(target.clone(), Some("revoke")).await, Revocation::NothingLive);
    assert_eq!(world.clear_as(&user, Some("clear")).await, first);
    world.wait(1);
    assert_eq!(world.revoke_as(target, Some("revoke")).await, Revocation::Revoked);
    let cleared = Cleared { failures: 1, ..Cleared::default() };
    assert_eq!(world.clear_as(&user, Some("clear")).await, Clearance::Cleared(cleared));
}

/// T-C6.
pub async fn a_retried_issue_leaves_only_its_last_code_valid(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = granted(world.ask(keyed(&user, "key")).await);
    let again = granted(world.ask(keyed(&user, "key")).await);
    assert_eq!((&first.code_id, first.expires_at), (&again.code_id, again.expires_at));
    if first.code.expose() != again.code.expose() {
        let denial = world.verify(&user, first.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::Superseded);
    }
    assert!(accepted(&world.verify(&user, again.code.expose()).await));
}

/// T-G6: a retried issue counts as any other issue.
pub async fn a_retried_issue_counts_towards_the_hours_codes(bench: Bench) {
    let settings = PolicySettings { issues_per_hour: 3, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let user = world.stranger();
    granted(world.ask(keyed(&user, "key")).await);
    granted(world.ask(keyed(&user, "key")).await);
    let third = granted(world.ask(keyed(&user, "key")).await);
    assert!(matches!(world.ask(keyed(&user, "key")).await, Issuance::QuotaExceeded(_)));
    assert!(matches!(world.ask(request(&user)).await, Issuance::QuotaExceeded(_)));
    assert!(accepted(&world.verify(&user, third.code.expose()).await), "the last one is valid");
}

/// I8: a key belongs to one request of its client, for whichever user that is.
pub async fn one_key_for_two_users_takes_effect_once(bench: Bench) {
    let world = World::new(bench);
    let [ada, bob] = [world.stranger(), world.stranger()];
    granted(world.ask(keyed(&ada, "issue")).await);
    assert!(matches!(world.ask(keyed(&bob, "issue")).await, Issuance::Conflict));
    assert_eq!(world.describe(&bob).await, Description::default(), "no code");

    let [of_ada, of_bob] = [world.issue(&ada).await, world.issue(&bob).await];
    world.verify_as(&ada, &wrong(&of_ada), Some("verify")).await;
    let before = world.describe(&bob).await;
    for guess in [wrong(&of_bob), of_bob.code.expose().to_owned()] {
        let conflict = world.verify_as(&bob, &guess, Some("verify")).await;
        assert_eq!(conflict, Verification::Conflict);
    }
    assert_eq!(world.revoke_as(by_user(&ada), Some("revoke")).await, Revocation::Revoked);
    assert_eq!(world.revoke_as(by_user(&bob), Some("revoke")).await, Revocation::Conflict);
    world.clear_as(&ada, Some("clear")).await;
    assert_eq!(world.clear_as(&bob, Some("clear")).await, Clearance::Conflict);
    assert_eq!(world.describe(&bob).await, before, "nothing was compared, revoked or cleared");
    assert!(accepted(&world.verify(&bob, of_bob.code.expose()).await));
}

/// I8: services claim no keys, but records still recognise their retries.
pub async fn a_service_claims_no_keys_and_is_answered_alike(bench: Bench) {
    let world = World::new(bench).of_a_service();
    let user = world.stranger();
    let issued = world.issue(&user).await;
    let denial = world.verify_as(&user, &wrong(&issued), Some("key")).await;
    assert_eq!(world.verify_as(&user, &wrong(&issued), Some("key")).await, denial);
    assert_eq!(world.describe(&user).await.lockout.failures, 1);
    let conflict = world.verify_as(&user, issued.code.expose(), Some("key")).await;
    assert_eq!(conflict, Verification::Conflict, "the record knows its own user's keys");
}

/// I8: no caller can make a record grow, and an acceptance is kept longer than what matters less.
pub async fn the_least_needed_outcomes_are_forgotten_first(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = world.issue(&user).await;
    let accepted_first = world.verify_as(&user, first.code.expose(), Some("accepted")).await;
    assert!(accepted(&accepted_first));
    let replaced = granted(world.ask(keyed(&user, "replaced")).await);
    let current = granted(world.ask(keyed(&user, "current")).await);
    assert_ne!(replaced.code_id, current.code_id);
    // Beyond the limit plus one, superseded issues are dropped first, then the older of two
    // denials.
    for key in ["older", "newer"] {
        world.verify_as(&user, &wrong(&current), Some(key)).await;
    }
    assert_eq!(world.revoke_as(by_user(&user), Some("revoked")).await, Revocation::Revoked);

    assert_eq!(world.describe(&user).await.lockout.failures, 2);
    let again = world.verify_as(&user, &wrong(&current), Some("older")).await;
    assert_eq!(reason(&again), DenialReason::NoCode, "forgotten, so asked anew");
    let again = world.verify_as(&user, &wrong(&current), Some("newer")).await;
    assert_eq!(reason(&again), DenialReason::WrongCode);
    assert_eq!(world.revoke_as(by_user(&user), Some("revoked")).await, Revocation::Revoked);
    let again = world.verify_as(&user, first.code.expose(), Some("accepted")).await;
    assert_eq!(again, accepted_first);
    assert!(matches!(world.ask(keyed(&user, "current")).await, Issuance::Conflict), "revoked");
    let anew = world.ask(keyed(&user, "replaced")).await;
    assert!(matches!(anew, Issuance::Issued(_)), "forgotten, so issued anew: {anew:?}");
}

/// I8, I27: the newest clearing is remembered beside the other outcomes, since strangers' failures can be
/// all that it cleared.
pub async fn a_clearing_costs_no_other_outcome(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = world.issue(&user).await;
    assert!(accepted(&world.verify_as(&user, first.code.expose(), Some("accepted")).await));
    let current = granted(world.ask(keyed(&user, "current")).await);
    let denied = world.verify_as(&user, &wrong(&current), Some("denied")).await;
    world.verify_as(&user, &wrong(&current), Some("newer")).await;
    let cleared = world.clear_as(&user, Some("cleared")).await;
    assert_eq!(world.verify_as(&user, &wrong(&current), Some("denied")).await, denied);
    assert_eq!(world.describe(&user).await.lockout.failures, 0, "a retry counts nothing");
    assert_eq!(world.clear_as(&user, Some("cleared")).await, cleared);
}

fn by_user(user: &Identifier) -> RevokeTarget {
    RevokeTarget::User(user.clone())
}

/// I17.
pub async fn a_retried_issue_does_not_revive_a_spent_code(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = granted(world.ask(keyed(&user, "key")).await);
    assert!(accepted(&world.verify(&user, issued.code.expose()).await));
    assert!(matches!(world.ask(keyed(&user, "key")).await, Issuance::Conflict));
    let state = world.describe(&user).await.code.map(|code| code.state);
    assert_eq!(state, Some(CodeState::Consumed));
}

/// I4, I8: a late retry of an issue does not affect the code that has superseded its own.
pub async fn a_retried_issue_spares_the_code_that_came_after(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    granted(world.ask(keyed(&user, "first")).await);
    let second = granted(world.ask(keyed(&user, "second")).await);
    assert!(matches!(world.ask(keyed(&user, "first")).await, Issuance::Conflict));
    assert!(accepted(&world.verify(&user, second.code.expose()).await));
}

/// I8.
pub async fn a_retried_revocation_spares_the_code_that_came_after(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = world.issue(&user).await;
    let by_id = RevokeTarget::Code(first.code_id);
    let by_user = RevokeTarget::User(user.clone());
    assert_eq!(world.revoke_as(by_id.clone(), Some("by-id")).await, Revocation::Revoked);
    world.issue(&user).await;
    assert_eq!(world.revoke_as(by_user.clone(), Some("by-user")).await, Revocation::Revoked);
    let next = world.issue(&user).await;
    for (target, key) in [(by_id, "by-id"), (by_user, "by-user")] {
        assert_eq!(world.revoke_as(target, Some(key)).await, Revocation::Revoked);
    }
    assert!(accepted(&world.verify(&user, next.code.expose()).await));
}

/// I8: a request that found nothing to do finds nothing again.
pub async fn a_revocation_that_found_nothing_finds_nothing_again(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let target = RevokeTarget::User(user.clone());
    let nothing = world.revoke_as(target.clone(), Some("key")).await;
    assert_eq!(nothing, Revocation::NothingLive);
    let issued = world.issue(&user).await;
    assert_eq!(world.revoke_as(target, Some("key")).await, Revocation::NothingLive);
    assert!(accepted(&world.verify(&user, issued.code.expose()).await));
}

/// I8: guesses between a clearing and its retry still count and still lock.
pub async fn a_retried_clearing_spares_the_lock_that_came_after(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    for (failures, key) in [(0, "of-nothing"), (2, "of-failures"), (3, "of-a-lock")] {
        let issued = world.issue(&user).await;
        world.fail(&user, &issued, failures).await;
        let cleared = world.clear_as(&user, Some(key)).await;
        let expected = Cleared { lock: failures == 3, failures, disabled: false };
        assert_eq!(cleared, Clearance::Cleared(expected));
        let next = world.issue(&user).await;
        world.fail(&user, &next, 3).await;
        let locked = world.describe(&user).await;
        assert_eq!(world.clear_as(&user, Some(key)).await, cleared);
        assert_eq!(world.describe(&user).await, locked);
        assert!(world.clear(&user).await.lock, "it is another operation without the key");
    }
}

/// I8: a key of one operation conflicts with every other operation.
pub async fn a_key_conflicts_whatever_it_stood_for(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let target = RevokeTarget::User(user.clone());
    world.revoke_as(target.clone(), Some("revoked")).await;
    world.clear_as(&user, Some("cleared")).await;
    let issued = granted(world.ask(keyed(&user, "issued")).await);
    let by_id = RevokeTarget::Code(issued.code_id.clone());
    world.verify_as(&user, &wrong(&issued), Some("verified")).await;
    let before = world.describe(&user).await;
    for key in ["revoked", "cleared", "issued", "verified"] {
        if key != "issued" {
            assert!(matches!(world.ask(keyed(&user, key)).await, Issuance::Conflict));
        }
        let compared = world.verify_as(&user, issued.code.expose(), Some(key)).await;
        assert_eq!(compared, Verification::Conflict, "{key}");
        if key != "revoked" {
            let revoked = world.revoke_as(target.clone(), Some(key)).await;
            assert_eq!(revoked, Revocation::Conflict, "{key}");
        }
        let revoked = world.revoke_as(by_id.clone(), Some(key)).await;
        assert_eq!(revoked, Revocation::Conflict, "{key}");
        if key != "cleared" {
            let cleared = world.clear_as(&user, Some(key)).await;
            assert_eq!(cleared, Clearance::Conflict, "{key}");
        }
    }
    assert_eq!(world.describe(&user).await, before);
}
