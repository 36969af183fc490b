//! A reply that is no outcome of a script is an error: callers are refused in time, and served
//! again as soon as the server replies properly.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clock::{Clock as _, SystemClock};
use codes::record::{IssueOutcome, Revoke, VerifyOutcome};
use codes::store::{CodeStore as _, StoreError};
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;

use crate::cases::{Case, LIMITS, attempt, digest, stranger};
use crate::servers::fake::{Says, fake};

/// The limit for a call: its deadline, and an allowance for a busy machine.
const IN_TIME: Duration = Duration::from_secs(2);

/// Errors, and replies that no script gives.
const REPLIES: [&str; 28] = [
    "-NOSCRIPT No matching script.\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-MASTERDOWN Link with MASTER is down\r\n",
    "-CLUSTERDOWN The cluster is down\r\n",
    "-MOVED 7 127.0.0.1:1\r\n",
    "-ASK 7 127.0.0.1:1\r\n",
    "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
    "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
    "-NOAUTH Authentication required.\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-MISCONF Errors writing to the AOF file: No space left on device\r\n",
    "-NOREPLICAS Not enough good replicas to write.\r\n",
    "-BUSY Redis is busy running a script.\r\n",
    "-ERR accepted\r\n",
    "+OK\r\n",
    ":1\r\n",
    "$-1\r\n",
    "*0\r\n",
    "*1\r\n$8\r\naccepted\r\n",
    "*2\r\n$8\r\naccepted\r\n$3\r\n???\r\n",
    "*1\r\n$6\r\nissued\r\n",
    "*2\r\n$6\r\ndenied\r\n$5\r\nother\r\n",
    "*1\r\n*1\r\n$8\r\naccepted\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "$1000000\r\naccepted",
];

async fn fake_store() -> (RedisCodeStore, Says) {
    let (address, says) = fake().await;
    let connection = crate::connect(&format!("redis://{address}"), Access::default());
    (RedisCodeStore::new(connection), says)
}

/// Asserts that the call failed, in time.
fn is_refused<T: std::fmt::Debug>(reply: &str, began: Instant, outcome: &Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{reply:?}: {outcome:?}");
    assert!(began.elapsed() < IN_TIME, "{reply:?}: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_no_outcome_is_refused() {
    let lines = REPLIES.map(|reply| async move {
        let (store, says) = fake_store().await;
        says.say(reply.as_bytes());
        let case = Case::of(stranger());
        // Enough calls for the link to be dropped.
        for _ in 0..5 {
            let began = Instant::now();
            is_refused(reply, began, &case.guess(&store, case.digest, attempt()).await);
            let began = Instant::now();
            is_refused(reply, began, &case.ask(&store, attempt()).await);
            let began = Instant::now();
            is_refused(reply, began, &store.describe(case.subject, SystemClock.now()).await);
            let began = Instant::now();
            let revoke = Revoke { attempt: attempt(), only: None, limits: LIMITS };
            is_refused(reply, began, &store.revoke(case.subject, SystemClock.now(), revoke).await);
        }
        assert!(says.scripts.load(Ordering::SeqCst) > 0, "{reply:?}: scripts were sent");
        recovers(reply, &store, &says, &case).await;
    });
    futures_util::future::join_all(lines).await;
}

/// Makes the server reply properly again and asserts that the store recovers.
async fn recovers(reply: &str, store: &RedisCodeStore, says: &Says, case: &Case) {
    says.say(b"*1\r\n$8\r\ndisabled\r\n");
    let began = Instant::now();
    while case.ask(store, attempt()).await.ok() != Some(IssueOutcome::Disabled) {
        assert!(began.elapsed() < Duration::from_secs(10), "{reply:?}: it never recovers");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    says.say(b"*1\r\n$8\r\nconflict\r\n");
    let outcome = case.guess(store, digest(), attempt()).await;
    assert_eq!(outcome.expect("an outcome"), VerifyOutcome::Conflict, "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_stays_unknown_is_sent_in_full_once_a_call() {
    let (store, says) = fake_store().await;
    says.say(REPLIES[0].as_bytes());
    for calls in 1..=5 {
        let outcome = store.describe(stranger(), SystemClock.now()).await;
        assert!(outcome.is_err(), "{outcome:?}");
        assert_eq!(says.scripts.load(Ordering::SeqCst), 2 * calls, "by its hash, then whole");
    }
}
