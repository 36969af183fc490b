//! Calls that wait have separate connections, which lead to the same server as the shared one.

use std::time::{Duration, Instant};

use codes::conformance::{World, accepted, reason};
use codes::record::DenialReason;

use super::{WITHIN, connect, eventually, guess, verify, withheld};
use crate::patient;
use crate::servers::Server;
use crate::servers::cluster::Cluster;
use crate::servers::pair::Pair;

/// A waiting call blocks only its own connection.
#[tokio::test(flavor = "multi_thread")]
async fn calls_without_confirmation_do_not_queue_behind_those_with_one() {
    let pair = Pair::start();
    let connection = connect(&pair.primary.url());
    let bench = crate::journeys_bench(connection.clone());
    let world = World::new(crate::bench(connection)).of_a_service();
    let users: Vec<_> = (0..40).map(|_| world.stranger()).collect();
    let key = journeys::conformance::key(b"none");
    assert_eq!(bench.store.load(&key).await, Ok(None), "the link is up");
    let stopped = pair.replica.stopped();
    let began = Instant::now();
    let waiting = users.iter().map(|user| {
        let world = &world;
        async move { verify(world, &guess(user, "000000", "key")).await }
    });
    let waiting = async {
        for told in futures_util::future::join_all(waiting).await {
            withheld("unknown", &told);
        }
        assert!(began.elapsed() >= WITHIN, "they wait");
    };
    let passing = async {
        let mut took = vec![];
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(bench.store.load(&key).await, Ok(None));
            took.push(asked.elapsed());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        took.sort();
        assert!(took[15] < WITHIN / 4, "{took:?}");
    };
    futures_util::future::join(waiting, passing).await;
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_script_is_sent_in_full_and_confirmed() {
    let pair = Pair::start();
    let world = World::new(patient::bench(connect(&pair.primary.url())));
    let user = world.stranger();
    let code = world.issue(&user).await;
    for _ in 0..3 {
        pair.primary.cli(&["SCRIPT", "FLUSH"]);
        world.describe(&user).await;
    }
    pair.primary.cli(&["SCRIPT", "FLUSH"]);
    assert!(accepted(&world.verify(&user, code.code.expose()).await));
}

/// A lane that leads to the server before its restart is not used.
#[tokio::test(flavor = "multi_thread")]
async fn lanes_follow_a_restart() {
    let mut pair = Pair::start();
    let world = World::new(patient::bench(connect(&pair.primary.url())));
    let user = world.stranger();
    world.issue(&user).await;
    pair.primary.restart();
    assert!(!accepted(&world.verify(&user, "000000").await));
    let again = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, again.code.expose()).await), "new codes at once");
}

/// A primary without a replica refuses every call, before the deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_alone_confirms_nothing() {
    let server = Server::start("");
    let connection = connect(&server.url());
    assert!(connection.first_look().await.is_ok(), "its replicas may yet come");
    let world = World::new(crate::bench(connection)).of_a_service();
    let user = world.stranger();
    withheld("unknown", &verify(&world, &guess(&user, "000000", "key")).await);
}

/// T-B9 in a cluster: a call waits for the replicas of its own key's primary.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_a_call_waits_for_the_replicas_of_its_keys_primary() {
    let cluster = Cluster::start();
    let world = World::new(crate::bench(connect(&cluster.url()))).of_a_service();
    let users: Vec<_> = (0..12).map(|_| world.stranger()).collect();
    for user in &users {
        eventually(async || verify(&world, &guess(user, "000000", "first")).await).await;
    }
    let stopped: Vec<_> = cluster.replicas().iter().map(Server::stopped).collect();
    for user in &users {
        withheld("unknown", &verify(&world, &guess(user, "000000", "second")).await);
    }
    drop(stopped);
    for user in &users {
        let request = guess(user, "000000", "second");
        let outcome = eventually(async || verify(&world, &request).await).await;
        assert_eq!(reason(&outcome), DenialReason::NoCode);
    }
}
