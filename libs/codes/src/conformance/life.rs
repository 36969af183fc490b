//! The life of a code: issued, redeemed, superseded, revoked, expired.

use std::time::Duration;

use clock::Clock as _;

use super::{Bench, World, accepted, reason, request, wrong};
use crate::digest::{AttemptId, Fingerprint, Subject};
use crate::ids::ApplicationId;
use crate::issuer::{Issuance, IssuedCode, Revocation, RevokeTarget};
use crate::policy::{Policy, PolicySettings};
use crate::record::{Attempt, CodeState, DenialReason, Lockout, Revoke};
use crate::store::StoreError;

/// I1, I17.
pub async fn a_right_code_is_accepted_once(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, issued.code.expose()).await));
    assert_eq!(reason(&world.verify(&user, issued.code.expose()).await), DenialReason::NoCode);
    let code = world.describe(&user).await.code.expect("traces last");
    assert_eq!((code.id, code.state), (issued.code_id, CodeState::Consumed));
}

/// I3: at `exp - 1 ms`, at `exp`.
pub async fn a_code_is_refused_from_its_expiry_on(bench: Bench) {
    let world = World::new(bench);
    let [early, late] = [world.stranger(), world.stranger()];
    let [right, too_late] = [world.issue(&early).await, world.issue(&late).await];
    world.bench.clock.advance(Duration::from_secs(300) - Duration::from_millis(1));
    assert!(accepted(&world.verify(&early, right.code.expose()).await));
    world.bench.clock.advance(Duration::from_millis(1));
    assert_eq!(world.bench.clock.now(), too_late.expires_at);
    let miss = world.verify(&late, &wrong(&too_late)).await;
    assert_eq!(reason(&miss), DenialReason::NoCode, "who has no code learns of none");
    let denial = world.verify(&late, too_late.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::Expired);
    assert_eq!(world.describe(&late).await.code.map(|code| code.state), Some(CodeState::Expired));
}

/// I4.
pub async fn a_new_code_supersedes_the_old_one(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let [first, second] = [world.issue(&user).await, world.issue(&user).await];
    assert_ne!(first.code_id, second.code_id);
    if first.code.expose() != second.code.expose() {
        let denial = world.verify(&user, first.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::Superseded);
        assert_eq!(world.describe(&user).await.lockout.failures, 1, "it is a wrong guess");
    }
    assert!(accepted(&world.verify(&user, second.code.expose()).await));
}

/// I2: the reason costs no guess less, and is told of no code but the one that was replaced.
pub async fn a_superseded_code_is_a_wrong_guess_with_a_reason(bench: Bench) {
    let long = PolicySettings { length: 12, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(long).expect("valid"));
    let user = world.stranger();
    let first = world.issue(&user).await;
    let second = world.issue(&user).await;
    let third = world.issue(&user).await;
    let mut reasons = Vec::new();
    for code in [&first, &second, &second] {
        reasons.push(reason(&world.verify(&user, code.code.expose()).await));
    }
    let expected = [DenialReason::WrongCode, DenialReason::Superseded, DenialReason::Burned];
    assert_eq!(reasons, expected);
    assert_eq!(reason(&world.verify(&user, third.code.expose()).await), DenialReason::Locked);
}

/// A code that was redeemed, or expired, was not superseded.
pub async fn only_a_live_code_is_superseded(bench: Bench) {
    let long = PolicySettings { length: 12, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(long).expect("valid"));
    let user = world.stranger();
    let redeemed = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, redeemed.code.expose()).await));
    let expired = world.issue(&user).await;
    let denial = world.verify(&user, redeemed.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::WrongCode);
    world.wait(300);
    world.issue(&user).await;
    let denial = world.verify(&user, expired.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::WrongCode);
}

/// I11.
pub async fn a_code_is_refused_behind_a_new_fence(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    (world.bench.promote)();
    let denial = world.verify(&user, issued.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::Fenced);
    let state = world.describe(&user).await.code.map(|code| code.state);
    assert_eq!(state, Some(CodeState::Revoked));
    let anew = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, anew.code.expose()).await));
}

/// I2: the guesses that were made on the other primary may be forgotten here.
pub async fn nothing_is_compared_behind_a_new_fence(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    (world.bench.promote)();
    assert_eq!(reason(&world.verify(&user, &wrong(&issued)).await), DenialReason::Fenced);
    assert_eq!(world.describe(&user).await.lockout, Lockout::default());
    assert_eq!(reason(&world.verify(&user, issued.code.expose()).await), DenialReason::NoCode);
}

/// I12.
pub async fn a_rotated_pepper_still_verifies_and_a_lost_one_does_not(bench: Bench) {
    let world = World::new(bench).with_peppers(10, None);
    let [kept, lost] = [world.stranger(), world.stranger()];
    let [good, bad] = [world.issue(&kept).await, world.issue(&lost).await];
    let world = world.with_peppers(11, Some(10));
    assert!(accepted(&world.verify(&kept, good.code.expose()).await));
    let world = world.with_peppers(12, Some(11));
    let before = world.describe(&lost).await;
    let denial = world.verify(&lost, bad.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::UnknownKey);
    assert_eq!(world.describe(&lost).await, before);
}

/// I17.
pub async fn a_revoked_code_is_refused(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    assert!(world.revoke(&user).await);
    assert!(!world.revoke(&user).await);
    assert_eq!(reason(&world.verify(&user, issued.code.expose()).await), DenialReason::NoCode);
}

/// A code id of another application revokes nothing; that of an earlier code spares the live one.
pub async fn a_code_id_revokes_only_its_own_code(bench: Bench) {
    let mut world = World::new(bench);
    let user = world.stranger();
    let [old, live] = [world.issue(&user).await, world.issue(&user).await];
    let target = |code: &IssuedCode| RevokeTarget::Code(code.code_id.clone());
    let home = world.caller.clone();
    world.caller.application = ApplicationId::parse("other").expect("valid");
    assert_eq!(world.revoke_as(target(&live), None).await, Revocation::NothingLive);
    world.caller = home;
    assert_eq!(world.revoke_as(target(&old), None).await, Revocation::GrantRevoked);
    assert_eq!(world.revoke_as(target(&live), None).await, Revocation::Revoked);
}

/// T-G6.
pub async fn issues_are_capped_an_hour(bench: Bench) {
    let settings = PolicySettings { issues_per_hour: 2, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let user = world.stranger();
    world.issue(&user).await;
    world.wait(600);
    world.issue(&user).await;
    let refused = world.ask(request(&user)).await;
    let Issuance::QuotaExceeded(after) = refused else { panic!("{refused:?}") };
    assert_eq!(after, Duration::from_secs(3000));
    world.wait(3000);
    world.issue(&user).await;
}

/// I15, I22.
pub async fn a_code_works_for_its_user_and_application_alone(bench: Bench) {
    let mut world = World::new(bench);
    let [ada, bob] = [world.stranger(), world.stranger()];
    let [of_ada, of_bob] = [world.issue(&ada).await, world.issue(&bob).await];
    if of_ada.code.expose() != of_bob.code.expose() {
        let denial = world.verify(&bob, of_ada.code.expose()).await;
        assert_eq!(reason(&denial), DenialReason::WrongCode);
    }
    world.fail(&bob, &of_bob, 3).await;
    let home = world.caller.clone();
    world.caller.application = ApplicationId::parse("other").expect("valid");
    assert_eq!(reason(&world.verify(&ada, of_ada.code.expose()).await), DenialReason::NoCode);
    world.caller = home;
    assert!(accepted(&world.verify(&ada, of_ada.code.expose()).await));
}

/// Semantics, verify 1.
pub async fn a_skewed_caller_gets_an_error_and_changes_nothing(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    world.issue(&user).await;
    let before = world.describe(&user).await;
    let subject = before.code.as_ref().map(|code| code.id.subject()).expect("issued");
    let now = world.bench.clock.now();
    let asked_at = now + Duration::from_millis(5001);
    let (id, fingerprint) = (AttemptId::from_bytes([1; 16]), Fingerprint::from_bytes([2; 16]));
    let attempt = Attempt { id, fingerprint };
    let command = Revoke { attempt, only: None, limits: (&world.policy).into() };
    let refused = world.bench.store.revoke(subject, asked_at, command).await;
    assert!(matches!(refused, Err(StoreError::Skewed(_))));
    assert_eq!(world.describe(&user).await, before);
    let idle = Subject::from_bytes([0; 16]);
    let same = world.bench.store.describe(idle, asked_at).await;
    assert!(matches!(same, Err(StoreError::Skewed(_))));
}
