//! Authorization codes in Redis: what the contract of the port cannot say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use authorization::conformance::{Bench, first, replayed};
use authorization::store::Consumption;
use clock::FakeClock;
use store_redis::authorizations::RedisAuthorizationCodeStore;
use store_redis::codes::Injected;
use store_redis::connection::Connection;
use store_redis::connection::address::Access;

use crate::contracts::standalone;
use crate::servers::STANDALONE;
use crate::servers::proxy::proxy;

/// A bench with a fake clock.
pub(crate) fn bench(connection: Connection) -> Bench {
    bench_behind(connection, Arc::default())
}

/// The same; each change of `promotions` stands for a promotion.
fn bench_behind(connection: Connection, promotions: Arc<AtomicU64>) -> Bench {
    let clock = Arc::new(FakeClock::default());
    let injected = Injected {
        clock: clock.clone(),
        fence: Box::new(move || format!("{:x}", promotions.load(Ordering::SeqCst))),
    };
    let store = RedisAuthorizationCodeStore::new(connection).with_injected(injected);
    Bench { store: Arc::new(store), clock }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_redeemed_at_the_primary_that_stored_it_only() {
    let promotions = Arc::new(AtomicU64::new(0));
    let bench = bench_behind(standalone(), Arc::clone(&promotions));
    let ((consumed, grant), (waiting, _)) = (bench.put("one").await, bench.put("two").await);
    assert_eq!(bench.consume(&consumed).await, first("one"));
    promotions.fetch_add(1, Ordering::SeqCst);
    assert_eq!(bench.consume(&waiting).await, Consumption::Unknown);
    assert_eq!(
        bench.consume(&consumed).await,
        replayed(&grant),
        "a replay is one behind any fence"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_sent_again_because_its_reply_was_lost_is_no_replay() {
    let (address, mischief) = proxy(STANDALONE.port).await;
    let bench = bench(crate::connect(&format!("redis://{address}"), Access::default()));
    let (key, grant) = bench.put("loads both scripts").await;
    bench.consume(&key).await;
    for round in 0..20 {
        mischief.lose_one();
        let (key, _) = bench.put("body").await;
        mischief.lose_one();
        assert_eq!(bench.consume(&key).await, first("body"), "{round}");
    }
    assert_eq!(mischief.lost.load(Ordering::SeqCst), 40, "every reply was lost that should be");
    assert_eq!(bench.consume(&key).await, replayed(&grant));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_an_end() {
    let bench = bench(standalone());
    let (key, _) = bench.put("body").await;
    let left = |suffix| {
        let name = format!("postern:journey:a:{{{}}}{suffix}", key.as_str());
        STANDALONE.cli(&["TTL", &name]).trim().parse::<i64>().expect("seconds")
    };
    assert!((1..=60).contains(&left("")), "{}", left(""));
    bench.consume(&key).await;
    assert!((89_000..=90_000).contains(&left("")), "{}", left(""));
    // What it stood for is not kept as long.
    assert!((1..=60).contains(&left(":b")), "{}", left(":b"));
}
