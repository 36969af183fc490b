//! Keys that an operation leaves in Redis: none if it changed nothing, and none without an expiry.

use codes::conformance::World;
use codes::issuer::RevokeTarget;
use codes::user::Identifier;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;

use crate::cases::{Case, is_accepted};
use crate::contracts::standalone;
use crate::servers::{STANDALONE, Server};

fn keys(server: &Server, pattern: &str) -> Vec<String> {
    server.cli(&["KEYS", pattern]).split_whitespace().map(str::to_owned).collect()
}

fn number(server: &Server, words: &[&str]) -> i64 {
    server.cli(words).trim().parse().expect("a number")
}

fn world_at(server: &Server) -> World {
    World::new(crate::bench(crate::connect(&server.url(), Access::default())))
}

async fn revoke(world: &World, user: &Identifier, key: &str) {
    world.revoke_as(RevokeTarget::User(user.clone()), Some(key)).await;
}

/// I7, I18.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_effect_leaves_no_key() {
    let server = Server::start("");
    let world = world_at(&server);
    for _ in 0..100 {
        let unknown = world.stranger();
        world.verify(&unknown, "000000").await;
        assert!(!world.revoke(&unknown).await);
        world.clear(&unknown).await;
        world.describe(&unknown).await;
    }
    assert_eq!(keys(&server, "*"), Vec::<String>::new());
}

/// I8, I18: an idempotency key is stored for the replay window, and nothing else is stored.
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_effect_stores_its_key_for_the_replay_window_and_no_record() {
    let server = Server::start("");
    let world = world_at(&server);
    let unknown = world.stranger();
    world.verify_as(&unknown, "000000", Some("verify")).await;
    revoke(&world, &unknown, "revoke").await;
    world.clear_as(&unknown, Some("clear")).await;
    let kept = keys(&server, "*");
    assert_eq!(kept.len(), 3, "{kept:?}");
    for key in kept {
        assert!(key.starts_with("pcode:c:"), "{key} is no claim");
        let left = number(&server, &["PTTL", &key]);
        assert!((110_000..=120_000).contains(&left), "{left}");
        let length = number(&server, &["STRLEN", &key]);
        assert!(length <= 64, "{length}");
    }
}

/// I18: a record lives as long as its longest part, which a failure is for a month and a success ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_keeps_a_record_for_a_month_and_a_success_ends_that() {
    let store = RedisCodeStore::new(standalone());
    let case = Case::issued(&store).await;
    let left = || number(&STANDALONE, &["PTTL", &format!("pcode:{{{}}}", case.subject)]);
    let until_it_is_forgotten = 3_840_000..=3_900_000;
    assert!(until_it_is_forgotten.contains(&left()), "{}", left());
    case.fail(&store).await;
    assert!((2_591_900_000..=2_592_000_000).contains(&left()), "{}", left());
    assert!(is_accepted(&case.redeem(&store).await));
    assert!(until_it_is_forgotten.contains(&left()), "{}", left());
}

/// A user's record stays small, however many idempotency keys are used.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_does_not_grow_with_the_number_of_keys() {
    let server = Server::start("");
    let world = world_at(&server);
    let user = world.stranger();
    let mut largest = 0;
    for turn in 0..40 {
        if turn % 4 == 0 {
            world.issue(&user).await;
        }
        revoke(&world, &user, &format!("revoke-{turn}")).await;
        world.clear_as(&user, Some(&format!("clear-{turn}"))).await;
        let records = keys(&server, "pcode:{*");
        assert_eq!(records.len(), 1, "{records:?}");
        largest = largest.max(number(&server, &["STRLEN", &records[0]]));
    }
    assert!(largest <= 400, "{largest} bytes");
}
