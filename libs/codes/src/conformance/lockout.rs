//! Failures, locks, and how they end.

use std::time::Duration;

use clock::Clock as _;

use super::{Bench, World, accepted, granted, reason, request, wrong};
use crate::issuer::{Issuance, IssueRequest};
use crate::record::{DenialReason, Description};

/// I2.
pub async fn the_limit_burns_the_code_and_locks_the_user(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    assert_eq!(issued.attempts_allowed, 3);
    let mut reasons = Vec::new();
    for guess in [wrong(&issued), wrong(&issued), wrong(&issued), issued.code.expose().to_owned()] {
        reasons.push(reason(&world.verify(&user, &guess).await));
    }
    let [miss, burn, lock] = [DenialReason::WrongCode, DenialReason::Burned, DenialReason::Locked];
    assert_eq!(reasons, [miss, miss, burn, lock]);
    world.wait(15 * 60);
    assert_eq!(reason(&world.verify(&user, issued.code.expose()).await), DenialReason::NoCode);
}

/// I6, I7.
pub async fn a_lock_is_neither_extended_nor_compared_against(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 3).await;
    let locked = world.describe(&user).await;
    assert_eq!(
        locked.lockout.locked_until,
        Some(world.bench.clock.now() + Duration::from_secs(900))
    );
    world.wait(899);
    world.fail(&user, &issued, 5).await;
    assert_eq!(world.describe(&user).await.lockout, locked.lockout);
    world.wait(1);
    assert_eq!(world.describe(&user).await.lockout.locked_until, None);
}

/// I5.
pub async fn a_new_code_does_not_renew_the_budget(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = world.issue(&user).await;
    world.fail(&user, &first, 2).await;
    let second = world.issue(&user).await;
    assert_eq!(second.attempts_allowed, 1);
    assert_eq!(world.describe(&user).await.lockout.failures, 2);
    assert_eq!(reason(&world.verify(&user, &wrong(&second)).await), DenialReason::Burned);
}

/// I5.
pub async fn failures_are_forgotten_with_their_window(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let first = world.issue(&user).await;
    world.fail(&user, &first, 2).await;
    world.wait(899);
    assert_eq!(world.describe(&user).await.lockout.failures, 2);
    world.wait(1);
    let lockout = world.describe(&user).await.lockout;
    assert_eq!((lockout.failures, lockout.consecutive_failures), (0, 2));
    assert_eq!(world.issue(&user).await.attempts_allowed, 3);
}

/// I5.
pub async fn success_clears_every_count(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 2).await;
    assert!(accepted(&world.verify(&user, issued.code.expose()).await));
    assert_eq!(world.describe(&user).await.lockout, Description::default().lockout);
}

/// I2: a code with a long life outlives several windows of failures; its own limit still holds.
pub async fn a_code_never_stands_more_than_its_limit(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let life = Some(Duration::from_secs(24 * 60 * 60));
    let issued = granted(world.ask(IssueRequest { expires_in: life, ..request(&user) }).await);
    world.fail(&user, &issued, 2).await;
    world.wait(900);
    assert_eq!(reason(&world.verify(&user, &wrong(&issued)).await), DenialReason::Burned);
}

/// I2: the limit holds after the code's expiry too. Guesses then neither lock the user nor count in
/// the window.
pub async fn guesses_at_an_expired_code_are_bounded_by_its_limit(bench: Bench) {
    let world = World::new(bench);
    for live in 0..3 {
        let user = world.stranger();
        let issued = world.issue(&user).await;
        world.fail(&user, &issued, live).await;
        world.wait(300);
        let lockout = world.describe(&user).await.lockout;
        let right = issued.code.expose();
        for _ in live..3 {
            assert_eq!(reason(&world.verify(&user, right).await), DenialReason::Expired);
            assert_eq!(reason(&world.verify(&user, &wrong(&issued)).await), DenialReason::NoCode);
        }
        let spent = world.verify(&user, right).await;
        assert_eq!(reason(&spent), DenialReason::NoCode, "nothing is compared any more");
        assert_eq!(world.describe(&user).await.lockout, lockout);
    }
}

/// I2, I8: a retried guess at an expired code counts once.
pub async fn a_retried_guess_at_an_expired_code_counts_once(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.wait(300);
    for _ in 0..5 {
        let denial = world.verify_as(&user, &wrong(&issued), Some("key")).await;
        assert_eq!(reason(&denial), DenialReason::NoCode);
    }
    let denial = world.verify(&user, issued.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::Expired);
}

/// I2, I11: guesses made on the other primary may be unknown here.
pub async fn nothing_is_compared_with_an_expired_code_behind_a_new_fence(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.wait(300);
    (world.bench.promote)();
    let before = world.describe(&user).await;
    for guess in [wrong(&issued), issued.code.expose().to_owned()] {
        assert_eq!(reason(&world.verify(&user, &guess).await), DenialReason::NoCode);
    }
    assert_eq!(world.describe(&user).await, before);
}

/// I7, I18.
pub async fn guesses_without_a_code_leave_no_trace(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    for guess in 0..100 {
        let denial = world.verify(&user, &format!("{guess:06}")).await;
        assert_eq!(reason(&denial), DenialReason::NoCode);
    }
    assert_eq!(world.describe(&user).await, Description::default());
    assert_eq!(world.issue(&user).await.attempts_allowed, 3);
}

/// I5: an override ends the lock and the window. The consecutive count stays.
pub async fn a_locked_user_gets_no_code_unless_the_lock_is_overridden(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 3).await;
    let until = world.describe(&user).await.lockout.locked_until.expect("locked");
    assert!(matches!(world.ask(request(&user)).await, Issuance::Locked(end) if end == until));
    let anew = IssueRequest { override_lockout: true, ..request(&user) };
    let anew = granted(world.ask(anew).await);
    assert_eq!(anew.attempts_allowed, 3);
    let lockout = world.describe(&user).await.lockout;
    assert_eq!((lockout.failures, lockout.consecutive_failures), (0, 3));
    assert!(accepted(&world.verify(&user, anew.code.expose()).await));
}

/// T-G7.
pub async fn overrides_are_capped_a_day(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let mut code = world.issue(&user).await;
    for _ in 0..3 {
        world.fail(&user, &code, 3).await;
        let anew = IssueRequest { override_lockout: true, ..request(&user) };
        code = granted(world.ask(anew).await);
    }
    world.fail(&user, &code, 3).await;
    let refused = world.ask(IssueRequest { override_lockout: true, ..request(&user) }).await;
    assert!(matches!(refused, Issuance::OverrideQuotaExceeded(_)), "{refused:?}");
}

/// I5.
pub async fn clearing_a_lockout_lets_the_user_in_again(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 3).await;
    let cleared = world.clear(&user).await;
    assert_eq!((cleared.lock, cleared.failures, cleared.disabled), (true, 3, false));
    assert!(!world.clear(&user).await.lock);
    let anew = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, anew.code.expose()).await));
}

/// I21.
pub async fn a_hundred_consecutive_failures_disable_until_cleared(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let mut failures = 0;
    while failures < 100 {
        let issued = world.issue(&user).await;
        world.fail(&user, &issued, 3).await;
        failures += 3;
        world.wait(901);
    }
    let lockout = world.describe(&user).await.lockout;
    assert_eq!((lockout.consecutive_failures, lockout.disabled), (100, true));
    world.wait(40 * 24 * 60 * 60);
    assert!(matches!(world.ask(request(&user)).await, Issuance::Disabled));
    let forced = world.ask(IssueRequest { override_lockout: true, ..request(&user) }).await;
    assert!(matches!(forced, Issuance::Disabled));
    assert_eq!(reason(&world.verify(&user, "000000").await), DenialReason::Disabled);
    assert!(world.clear(&user).await.disabled);
    let anew = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, anew.code.expose()).await));
}
