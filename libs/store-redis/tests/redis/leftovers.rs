//! What an operation leaves in Redis: nothing where it changed nothing, and nothing without an end.

use codes::conformance::World;
use codes::issuer::RevokeTarget;
use store_redis::connection::address::Access;

use crate::servers::Server;

fn keys(server: &Server) -> usize {
    server.cli(&["DBSIZE"]).trim().parse().expect("a number")
}

/// I7, I18.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_leaves_no_key() {
    let server = Server::start("");
    let world = World::new(crate::bench(crate::connect(&server.url(), Access::default())));
    for _ in 0..100 {
        let nobody = world.stranger();
        world.verify_as(&nobody, "000000", Some("key")).await;
        assert!(!world.revoke(&nobody).await);
        world.clear(&nobody).await;
        world.describe(&nobody).await;
    }
    assert_eq!(keys(&server), 0);
}

/// I8, I18: a caller's key is remembered although nothing was there to do, for as long as a retry
/// may come.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_revocation_or_clearing_of_nothing_is_kept_for_the_replay_window() {
    let server = Server::start("");
    let world = World::new(crate::bench(crate::connect(&server.url(), Access::default())));
    let users = [world.stranger(), world.stranger()];
    world.revoke_as(RevokeTarget::User(users[0].clone()), Some("key")).await;
    world.clear_as(&users[1], Some("key")).await;
    let kept = server.cli(&["KEYS", "*"]);
    assert_eq!(kept.lines().count(), 2, "{kept}");
    for key in kept.lines() {
        let left: i64 = server.cli(&["PTTL", key]).trim().parse().expect("a number");
        assert!((110_000..=120_000).contains(&left), "{left}");
    }
}
