//! Clocks: the server's clock decides. A caller with a clock far from it is refused, for every
//! user.

use std::time::Duration;

use clock::{Clock as _, SystemClock, Timestamp};
use codes::digest::Subject;
use codes::store::{CodeStore as _, StoreError};
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;

use crate::cases::{Case, is_accepted, stranger};
use crate::servers::STANDALONE;

fn store() -> RedisCodeStore {
    RedisCodeStore::new(crate::connect(&STANDALONE.url(), Access::default()))
}

/// The machine's time with an offset.
fn off_by(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(SystemClock.now().unix_millis() + milliseconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_whose_clock_is_far_off_are_refused_alike() {
    let store = store();
    let with_code = Case::issued(&store).await;
    let without = stranger();
    let describe = async |subject: Subject, off: i64| store.describe(subject, off_by(off)).await;
    for subject in [with_code.subject, without] {
        for off in [-4_000, 0, 4_000] {
            assert!(describe(subject, off).await.is_ok(), "{off} ms are borne");
        }
        for off in [-1_200_000, -10_000, -6_000, 6_000, 10_000, 1_200_000] {
            let refused = describe(subject, off).await;
            let Err(StoreError::Skewed(by)) = refused else { panic!("{off} ms: {refused:?}") };
            let about = Duration::from_millis(off.unsigned_abs());
            assert!(by.abs_diff(about) < Duration::from_secs(1), "{by:?} for {off} ms");
        }
    }
    assert!(is_accepted(&with_code.redeem(&store).await), "and nothing happened to the code");
}
