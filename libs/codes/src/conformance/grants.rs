//! Which grants are revoked, and by what.

use super::{Bench, World, accepted};
use crate::grants::LIFETIME;
use crate::ids::{ApplicationId, CodeId};
use crate::issuer::{IssuedCode, Revocation, RevokeTarget};
use crate::user::Identifier;

async fn is_revoked(world: &World, code: &CodeId) -> bool {
    world.bench.grants.is_revoked(&code.grant()).await.expect("the store answers")
}

async fn redeemed(world: &World, user: &Identifier) -> CodeId {
    let IssuedCode { code, code_id, .. } = world.issue(user).await;
    assert!(accepted(&world.verify(user, code.expose()).await));
    code_id
}

/// The store alone: for as long as any token of the grant lives, and no other grant.
pub async fn a_revoked_grant_stays_revoked_while_its_tokens_live(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let [code, other] = [redeemed(&world, &user).await, redeemed(&world, &user).await];
    for _ in 0..2 {
        world.bench.grants.revoke(&code.grant()).await.expect("the store answers");
        world.wait(LIFETIME.as_secs() - 1);
        assert!(is_revoked(&world, &code).await);
        assert!(!is_revoked(&world, &other).await);
    }
    world.wait(1);
    assert!(!is_revoked(&world, &code).await);
}

/// By the user, the latest code is meant; by its id, also one that the record has forgotten.
pub async fn revoking_a_redeemed_code_revokes_its_grant(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let earlier = redeemed(&world, &user).await;
    let latest = redeemed(&world, &user).await;
    let by_user = RevokeTarget::User(user.clone());
    assert_eq!(world.revoke_as(by_user.clone(), None).await, Revocation::GrantRevoked);
    assert_eq!(
        (is_revoked(&world, &latest).await, is_revoked(&world, &earlier).await),
        (true, false)
    );
    let by_id = RevokeTarget::Code(earlier.clone());
    assert_eq!(world.revoke_as(by_id, None).await, Revocation::GrantRevoked);
    assert!(is_revoked(&world, &earlier).await);

    let late = redeemed(&world, &user).await;
    world.wait(2 * 60 * 60);
    assert_eq!(world.describe(&user).await.code, None, "the record has forgotten it");
    assert_eq!(world.revoke_as(by_user, None).await, Revocation::NothingLive);
    let by_id = RevokeTarget::Code(late.clone());
    assert_eq!(world.revoke_as(by_id, None).await, Revocation::GrantRevoked);
    assert!(is_revoked(&world, &late).await);
}

/// I8: the key stands for the code that was redeemed when it came first.
pub async fn a_retried_revocation_of_a_grant_spares_the_code_that_came_after(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    redeemed(&world, &user).await;
    let target = RevokeTarget::User(user.clone());
    assert_eq!(world.revoke_as(target.clone(), Some("key")).await, Revocation::GrantRevoked);
    let next = world.issue(&user).await;
    assert_eq!(world.revoke_as(target, Some("key")).await, Revocation::GrantRevoked);
    assert!(accepted(&world.verify(&user, next.code.expose()).await));
    assert!(!is_revoked(&world, &next.code_id).await);
    assert!(world.trail.replays() >= 1);
}

/// A code that ended otherwise has no grant, and one of another application is not the caller's.
pub async fn no_grant_is_revoked_of_a_code_that_was_not_redeemed(bench: Bench) {
    let mut world = World::new(bench);
    let [ada, bob] = [world.stranger(), world.stranger()];
    let [revoked, burned] = [world.issue(&ada).await, world.issue(&bob).await];
    let revoke = |code: &CodeId| RevokeTarget::Code(code.clone());
    assert_eq!(world.revoke_as(revoke(&revoked.code_id), None).await, Revocation::Revoked);
    world.fail(&bob, &burned, 3).await;
    for code in [revoked.code_id, burned.code_id] {
        assert_eq!(world.revoke_as(revoke(&code), None).await, Revocation::NothingLive);
        assert!(!is_revoked(&world, &code).await);
    }
    let theirs = redeemed(&world, &world.stranger()).await;
    world.caller.application = ApplicationId::parse("other").expect("valid");
    assert_eq!(world.revoke_as(revoke(&theirs), None).await, Revocation::NothingLive);
    assert!(!is_revoked(&world, &theirs).await);
}
