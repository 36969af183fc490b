//! Codes that the user repudiates: "this was not me".

use std::time::Duration;

use clock::{Clock as _, Timestamp};
use futures_util::future::join_all;

use super::{Bench, Place, World, accepted, keyed, paired, reason, request, wrong};
use crate::ids::{ApplicationId, CodeId};
use crate::issuer::{Issuance, IssueRequest, IssuedCode};
use crate::record::{CodeState, DenialReason, Repudiated};
use crate::user::Identifier;

const DAY: u64 = 24 * 60 * 60;

fn now(world: &World) -> Timestamp {
    world.bench.clock.now()
}

async fn repudiate(world: &World, code: &CodeId) -> Repudiated {
    world.repudiate(code, now(world)).await.expect("it is the application's")
}

async fn is_blocked(world: &World, user: &Identifier) -> bool {
    let before = world.describe(user).await;
    let denial = world.verify(user, "000000").await;
    let issuance = world.ask(IssueRequest { override_lockout: true, ..request(user) }).await;
    let is_blocked = matches!(issuance, Issuance::Blocked(_));
    if is_blocked {
        assert_eq!(reason(&denial), DenialReason::Blocked, "both or neither");
        assert_eq!(world.describe(user).await, before, "I7");
    }
    is_blocked
}

/// I28: also for retries of what happened before, and whatever the user's state is.
pub async fn for_a_day_after_a_repudiation_nothing_verifies_or_is_issued(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let number = world.number(&user, journey).await;
    let first = world.issue(&user).await;
    assert!(accepted(&world.verify_as(&user, first.code.expose(), Some("verify")).await));
    let Issuance::Issued(live) = world.ask(keyed(&user, "issue")).await else { panic!("issued") };
    let until = now(&world) + Duration::from_secs(DAY);
    let repudiated = repudiate(&world, &first.code_id).await;
    assert_eq!(repudiated.blocked_until, Some(until));

    for seconds in [0, 60, DAY - 61] {
        world.wait(seconds);
        let retried = world.verify_as(&user, first.code.expose(), Some("verify")).await;
        for denial in [retried, world.verify(&user, live.code.expose()).await] {
            assert_eq!(reason(&denial), DenialReason::Blocked);
        }
        for ask in [keyed(&user, "issue"), request(&user), paired(&user, number.clone())] {
            let issuance = world.ask(ask).await;
            assert!(matches!(issuance, Issuance::Blocked(at) if at == until), "{issuance:?}");
        }
        assert_eq!(world.describe(&user).await.blocked_until, Some(until));
    }
    world.wait(1);
    assert!(!is_blocked(&world, &user).await);
}

/// A live code is revoked, a redeemed one loses its grant, and no other code does.
pub async fn a_repudiation_ends_its_own_code_and_grant(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let IssuedCode { code, code_id: redeemed, .. } = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, code.expose()).await));
    let live = world.issue(&user).await.code_id;
    assert_eq!(repudiate(&world, &redeemed).await.also_ended.as_ref(), Some(&live));
    let state = async || world.describe(&user).await.code.map(|code| code.state);
    assert_eq!(state().await, Some(CodeState::Revoked));
    let revoked = [redeemed, live.clone()].map(|id| id.grant());
    for (grant, expected) in revoked.iter().zip([true, false]) {
        assert_eq!(world.bench.grants.is_revoked(grant).await.expect("serves"), expected);
    }
    assert_eq!(repudiate(&world, &live).await.also_ended, None);
    let actions = ["code.repudiated", "code.revoked", "code.repudiated"];
    assert_eq!(world.trail.actions()[3..], actions);
}

/// I28: the code that superseded the repudiated one does not outlive the block, paired or not. Without a
/// block, it stays.
pub async fn a_block_ends_the_code_that_superseded_the_repudiated_one(bench: Bench) {
    let world = World::new(bench);
    for is_paired in [true, false] {
        let (user, journey) = (world.stranger(), world.journey());
        let number = world.number(&user, journey).await;
        let first = world.issue(&user).await.code_id;
        let ask = if is_paired { paired(&user, number) } else { request(&user) };
        let Issuance::Issued(second) = world.ask(ask).await else { panic!("issued") };
        let guess = async || {
            let place = if is_paired { journey } else { Place::default() };
            world.verify_from(place, &user, second.code.expose()).await
        };
        let repudiated = repudiate(&world, &first).await;
        assert_eq!(repudiated.also_ended.as_ref(), Some(&second.code_id));
        assert_eq!(reason(&guess().await), DenialReason::Blocked);
        assert!(world.lift(&user).await);
        assert_eq!(reason(&guess().await), DenialReason::NoCode, "the lift revives nothing");

        let third = world.issue(&user).await.code_id;
        let fourth = world.issue(&user).await;
        assert_eq!(repudiate(&world, &third).await.also_ended, None);
        assert!(accepted(&world.verify(&user, fourth.code.expose()).await), "nothing is blocked");
    }
}

/// I28: a second press prolongs nothing, and does not undo a lift.
pub async fn a_code_is_repudiated_once(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let code = world.issue(&user).await.code_id;
    let told_of = now(&world);
    let press = async || world.repudiate(&code, told_of).await.expect("it is the application's");
    let first = press().await;
    world.wait(DAY - 2);
    let second = press().await;
    assert_eq!(second, Repudiated { replayed: true, ..first });
    assert!(world.lift(&user).await);
    let third = press().await;
    assert_eq!(third, Repudiated { blocked_until: None, replayed: true, also_ended: None });
    world.wait(2);
    assert_eq!(press().await.blocked_until, None, "the link is a day old");
    assert!(!is_blocked(&world, &user).await);
}

/// An old link must not lock the user out.
pub async fn a_link_that_is_a_day_old_ends_its_code_without_a_block(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let IssuedCode { code, code_id, .. } = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, code.expose()).await));
    let told_of = now(&world);
    world.wait(DAY);
    let repudiated = world.repudiate(&code_id, told_of).await.expect("it is the application's");
    assert_eq!(repudiated.blocked_until, None);
    assert!(world.bench.grants.is_revoked(&code_id.grant()).await.expect("serves"));
    assert!(!is_blocked(&world, &user).await);
    assert_eq!(world.describe(&user).await.blocked_until, None);
}

/// For a day after a lift, links end their codes and block nobody.
pub async fn a_lift_ends_the_block_and_keeps_links_from_blocking_for_a_day(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    assert!(!world.lift(&user).await, "nothing is there to lift");
    let first = world.issue(&user).await.code_id;
    repudiate(&world, &first).await;
    assert!(world.lift(&user).await);
    assert!(!world.lift(&user).await);
    let next = world.issue(&user).await;
    world.wait(60);
    let repudiated = repudiate(&world, &next.code_id).await;
    assert_eq!(repudiated.blocked_until, None);
    let denial = world.verify(&user, next.code.expose()).await;
    assert_eq!(reason(&denial), DenialReason::NoCode, "it is revoked all the same");
    world.wait(DAY);
    let later = world.issue(&user).await;
    assert!(repudiate(&world, &later.code_id).await.blocked_until.is_some());
    assert!(is_blocked(&world, &user).await);
}

/// I9: the block hides whether the user is locked or has a code, and I22: it is the user's alone.
pub async fn a_block_answers_alike_in_every_state(bench: Bench) {
    let mut world = World::new(bench);
    let users = [(); 3].map(|()| world.stranger());
    for (user, failures) in users.iter().zip([0, 1, 3]) {
        let code = world.issue(user).await;
        world.fail(user, &code, failures).await;
        repudiate(&world, &code.code_id).await;
        for guess in [wrong(&code), code.code.expose().to_owned()] {
            assert_eq!(reason(&world.verify(user, &guess).await), DenialReason::Blocked);
        }
        assert!(is_blocked(&world, user).await);
    }
    let bystander = world.stranger();
    let theirs = world.issue(&bystander).await;
    let home = world.caller.clone();
    world.caller.application = ApplicationId::parse("other").expect("valid");
    assert_eq!(world.repudiate(&theirs.code_id, now(&world)).await, None);
    world.caller = home;
    assert!(accepted(&world.verify(&bystander, theirs.code.expose()).await));
}

/// Of many presses at a time, one acts. A store that does not answer is asked again, as one press more.
pub async fn of_parallel_repudiations_of_one_code_one_is_fresh(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let code = world.issue(&user).await.code_id;
    let pressed = join_all((0..50).map(|_| repudiate(&world, &code))).await;
    let fresh = pressed.iter().filter(|repudiated| !repudiated.replayed).count();
    assert!(fresh <= 1, "{fresh}");
    assert!(pressed.iter().all(|it| it.blocked_until == pressed[0].blocked_until));
}
