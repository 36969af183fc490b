//! Faults of a server and of the network: calls end before their deadline, fail at once while the
//! server is known to be down, and succeed again without a restart.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clock::{Clock as _, SystemClock};
use codes::conformance::{World, accepted, reason};
use codes::digest::Subject;
use codes::record::DenialReason;
use codes::store::CodeStore as _;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::Connection;
use store_redis::connection::address::Access;

use crate::servers::proxy::proxy;
use crate::servers::sentinel::Watched;
use crate::servers::{Server, eventually};

/// The limit for a call: its deadline and 100 ms for a busy machine.
const IN_TIME: Duration = Duration::from_millis(400);

/// The limit for a refusal once Redis is known to be down.
const AT_ONCE: Duration = Duration::from_millis(20);

/// The duration of a call, and whether it succeeded.
async fn call(store: &RedisCodeStore) -> (Duration, bool) {
    let began = Instant::now();
    let subject = Subject::from_bytes([7; 16]);
    let described = store.describe(subject, SystemClock.now()).await;
    (began.elapsed(), described.is_ok())
}

fn store(connection: Connection) -> RedisCodeStore {
    RedisCodeStore::new(connection)
}

/// Calls until one succeeds and returns how long that took. Asserts that every call ends in time.
async fn recovery(store: &RedisCodeStore) -> Duration {
    let began = Instant::now();
    loop {
        let (took, succeeded) = call(store).await;
        assert!(took < IN_TIME, "{took:?}");
        if succeeded {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it never recovers");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Calls until one is refused at once, then asserts that the next ones are too.
async fn is_known_down(store: &RedisCodeStore) {
    for _ in 0..10 {
        if call(store).await.0 < AT_ONCE {
            break;
        }
    }
    let mut took = vec![];
    for _ in 0..50 {
        let (time, succeeded) = call(store).await;
        assert!(!succeeded);
        took.push(time);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took.sort();
    assert!(took[48] < AT_ONCE, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_starts_before_its_redis() {
    let mut server = Server::start("");
    server.kill();
    let store = store(crate::connect(&server.url(), Access::default()));
    is_known_down(&store).await;
    server.restart();
    assert!(recovery(&store).await < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_server_delays_no_call_beyond_its_deadline() {
    let server = Server::start("");
    let store = store(crate::connect(&server.url(), Access::default()));
    recovery(&store).await;
    server.cli(&["CLIENT", "PAUSE", "2000", "ALL"]);
    let paused = Instant::now();
    let calls = (0..50).map(|_| call(&store));
    for (took, succeeded) in futures_util::future::join_all(calls).await {
        assert!(took < IN_TIME && !succeeded, "{took:?}");
    }
    is_known_down(&store).await;
    recovery(&store).await;
    let after = paused.elapsed();
    assert!(after > Duration::from_millis(1900), "it was paused: {after:?}");
    assert!(after < Duration::from_secs(4), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_dropped() {
    let server = Server::start("");
    let (address, mischief) = proxy(server.port).await;
    let store = store(crate::connect(&format!("redis://{address}"), Access::default()));
    recovery(&store).await;
    mischief.silent.store(true, Ordering::SeqCst);
    is_known_down(&store).await;
    mischief.silent.store(false, Ordering::SeqCst);
    assert!(recovery(&store).await < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_its_fence() {
    let kept = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&format!("appendfsync always\ndir {}", kept.path().display()));
    let connection = crate::connect(&server.url(), Access::default());
    let world = World::new(crate::bench(connection.clone()));
    let user = world.stranger();
    let code = world.issue(&user).await;
    server.restart();
    recovery(&store(connection)).await;
    let outcome = world.verify(&user, code.code.expose()).await;
    assert!(!accepted(&outcome));
    assert_eq!(reason(&outcome), DenialReason::Fenced);
    let again = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, again.code.expose()).await), "new codes at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_followed_without_a_restart() {
    let mut watched = Watched::start();
    let connection = crate::connect(&watched.url(), Access::default());
    let store = store(connection.clone());
    recovery(&store).await;
    let world = World::new(crate::bench(connection));
    let user = world.stranger();
    let code = world.issue(&user).await;
    let old = watched.primary();
    let killed = watched.servers.iter_mut().find(|server| server.port == old);
    killed.expect("the primary is one of two").kill();
    is_known_down(&store).await;
    recovery(&store).await;
    eventually("the first sentinel knows what most do", || watched.primary() != old);
    let outcome = world.verify(&user, code.code.expose()).await;
    assert!(!accepted(&outcome), "no code outlives its primary: {outcome:?}");
    let again = world.issue(&user).await;
    assert!(accepted(&world.verify(&user, again.code.expose()).await), "new codes at once");
}
