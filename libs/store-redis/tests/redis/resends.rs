//! A reply is lost after the script ran. The store sends the call again: it takes effect once, and
//! the answer is the same as without the loss.

use clock::Clock as _;
use codes::conformance::{World, accepted, reason, request, wrong};
use codes::record::DenialReason;
use journeys::ports::Advance;
use store_redis::connection::address::Access;

use crate::servers::STANDALONE;
use crate::servers::proxy::{Mischief, proxy};

/// How often each operation loses its reply.
const ROUNDS: usize = 150;

async fn world_behind_a_proxy() -> (World, Mischief) {
    let (address, mischief) = proxy(STANDALONE.port).await;
    let connection = crate::connect(&format!("redis://{address}"), Access::default());
    let world = World::new(crate::bench(connection));
    // The link is up and every script is loaded, so from here on only replies to calls are lost.
    let user = world.stranger();
    let code = world.issue(&user).await;
    world.fail(&user, &code, 1).await;
    world.revoke(&user).await;
    world.clear(&user).await;
    (world, mischief)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_codes_answers_as_if_no_reply_had_been_lost() {
    let (world, mischief) = world_behind_a_proxy().await;
    for _ in 0..ROUNDS {
        let user = world.stranger();
        mischief.lose_one();
        let code = world.ask(request(&user)).await;
        let code = codes::conformance::granted(code);
        mischief.lose_one();
        let denied = world.verify(&user, &wrong(&code)).await;
        assert_eq!(reason(&denied), DenialReason::WrongCode);
        assert_eq!(world.describe(&user).await.lockout.failures, 1, "counted once");
        mischief.lose_one();
        let cleared = world.clear(&user).await;
        assert_eq!(cleared.failures, 1, "told as it was");
        mischief.lose_one();
        assert!(accepted(&world.verify(&user, code.code.expose()).await));
        assert!(!accepted(&world.verify(&user, code.code.expose()).await), "consumed once");
        let next = world.issue(&user).await;
        mischief.lose_one();
        assert!(world.revoke(&user).await);
        assert!(!accepted(&world.verify(&user, next.code.expose()).await));
    }
    let lost = mischief.lost.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(lost, 5 * ROUNDS, "every reply was lost that should be");
    let actions = world.trail.actions();
    let told = |action| actions.iter().filter(|told| **told == action).count();
    assert_eq!(told("code.accepted"), ROUNDS, "once in the trail");
    assert_eq!(told("code.issued"), 2 * ROUNDS + 1, "once in the trail");
    assert_eq!(told("code.revoked"), ROUNDS + 1, "once in the trail");
    assert_eq!(told("lockout.cleared"), ROUNDS + 1, "once in the trail");
    assert_eq!(world.trail.replays(), 0, "no caller retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repudiation_and_its_lift_answer_as_if_no_reply_had_been_lost() {
    let (world, mischief) = world_behind_a_proxy().await;
    // The first round loads the scripts.
    for round in 0..=ROUNDS {
        let lose = || (round > 0).then(|| mischief.lose_one());
        let user = world.stranger();
        let code = world.issue(&user).await.code_id;
        let next = world.issue(&user).await.code_id;
        let now = world.bench.clock.now();
        lose();
        let first = world.repudiate(&code, now).await.expect("it is the application's");
        assert!(first.blocked_until.is_some() && !first.replayed, "{first:?}");
        assert_eq!(first.also_ended, Some(next));
        lose();
        assert!(world.lift(&user).await, "there was a block");
        assert!(!world.lift(&user).await, "lifted once");
    }
    assert_eq!(mischief.lost.load(std::sync::atomic::Ordering::SeqCst), 2 * ROUNDS);
    assert_eq!(world.trail.replays(), 0, "no caller retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_guess_burns_once_when_its_reply_is_lost() {
    let (world, mischief) = world_behind_a_proxy().await;
    for _ in 0..ROUNDS {
        let user = world.stranger();
        let code = world.issue(&user).await;
        for expected in [DenialReason::WrongCode, DenialReason::WrongCode, DenialReason::Burned] {
            mischief.lose_one();
            assert_eq!(reason(&world.verify(&user, &wrong(&code)).await), expected);
        }
    }
}

/// Shows that the tests above detect a store that does not recognise a retry.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_guess_under_another_id_counts_again() {
    let (world, mischief) = world_behind_a_proxy().await;
    let user = world.stranger();
    let code = world.issue(&user).await;
    for failures in 1..=2 {
        mischief.lose_one();
        world.verify(&user, &wrong(&code)).await;
        assert_eq!(world.describe(&user).await.lockout.failures, failures);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_journeys_answers_as_if_no_reply_had_been_lost() {
    let (address, mischief) = proxy(STANDALONE.port).await;
    let connection = crate::connect(&format!("redis://{address}"), Access::default());
    let bench = crate::journeys_bench(connection);
    let store = &bench.store;
    let none = journeys::conformance::key(b"none");
    assert_eq!(store.load(&none).await, Ok(None), "the link is up");
    let life = std::time::Duration::from_secs(60);
    for round in 0..ROUNDS {
        let seed = [b"lost".as_slice(), &std::process::id().to_be_bytes(), &round.to_be_bytes()];
        let key = journeys::conformance::key(&seed.concat());
        mischief.lose_one();
        store.create(&key, b"1".to_vec(), life).await.expect("it was there once");
        assert!(store.create(&key, b"1".to_vec(), life).await.is_err(), "another call");
        mischief.lose_one();
        let advanced = store.advance(&key, 1, b"2".to_vec(), None).await;
        assert_eq!(advanced, Ok(Advance::Advanced));
        assert_eq!(store.advance(&key, 1, b"2".to_vec(), None).await, Ok(Advance::Outrun));
        assert_eq!(store.load(&key).await.expect("serves").map(|stored| stored.version), Some(2));
    }
}
