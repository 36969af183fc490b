//! The contract of every [`JourneyStore`]: plain async functions over the port, an injected clock
//! and keys of their own, so that many run against one store at the same time.

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clock::FakeClock;
use futures_util::future::join_all;

use crate::ids::{SessionId, SessionKey};
use crate::ports::{Advance, JourneyStore, Stored};

/// A store under test, and its clock.
pub struct Bench {
    /// The store.
    pub store: Arc<dyn JourneyStore>,
    /// Its clock.
    pub clock: Arc<FakeClock>,
}

const LIFETIME: Duration = Duration::from_secs(60);

/// The key that belongs to `seed`.
pub fn key(seed: &[u8]) -> SessionKey {
    let mut bytes = [0; SessionId::BYTES];
    bytes.iter_mut().zip(seed).for_each(|(byte, seed)| *byte = *seed);
    SessionId::from_bytes(bytes).key()
}

/// A key that no other test uses.
fn fresh_key() -> SessionKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let started = std::process::id().to_be_bytes();
    let next = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    key(&[b"conf".as_slice(), &started, &next].concat())
}

impl Bench {
    async fn create(&self) -> SessionKey {
        let key = fresh_key();
        self.store.create(&key, b"{}".to_vec(), LIFETIME).await.expect("a new key is free");
        key
    }

    async fn load(&self, key: &SessionKey) -> Option<Stored> {
        self.store.load(key).await.expect("the store serves")
    }

    async fn advance(&self, key: &SessionKey, expected: u64, body: &str) -> Advance {
        self.advance_for(key, expected, body, None).await
    }

    async fn advance_for(
        &self,
        key: &SessionKey,
        expected: u64,
        body: &str,
        lifetime: Option<Duration>,
    ) -> Advance {
        let advance = self.store.advance(key, expected, body.into(), lifetime);
        advance.await.expect("the store serves")
    }
}

/// Runs the whole contract.
pub async fn check_all(bench: &Bench) {
    a_new_session_is_found_with_version_one(bench).await;
    an_unknown_key_leads_nowhere(bench).await;
    a_session_is_never_created_twice(bench).await;
    advancing_replaces_the_body_and_raises_the_version(bench).await;
    an_old_version_changes_nothing(bench).await;
    of_many_that_expect_one_version_one_advances(bench).await;
    an_ended_session_is_gone_and_ending_again_does_nothing(bench).await;
    advancing_does_not_lengthen_a_life(bench).await;
    advancing_with_a_lifetime_begins_it_anew(bench).await;
    sessions_do_not_touch_each_other(bench).await;
}

/// A session is loaded as it was created.
pub async fn a_new_session_is_found_with_version_one(bench: &Bench) {
    let key = bench.create().await;
    assert_eq!(bench.load(&key).await, Some(Stored { version: 1, body: b"{}".to_vec() }));
}

/// A key without a session loads nothing.
pub async fn an_unknown_key_leads_nowhere(bench: &Bench) {
    let key = fresh_key();
    assert_eq!(bench.load(&key).await, None);
    assert_eq!(bench.advance(&key, 1, "x").await, Advance::Gone);
    assert_eq!(bench.load(&key).await, None, "advancing must not create");
}

/// Creating a session under a used key fails, and the existing session stays.
pub async fn a_session_is_never_created_twice(bench: &Bench) {
    let key = bench.create().await;
    assert!(bench.store.create(&key, b"other".to_vec(), LIFETIME).await.is_err());
    assert_eq!(bench.load(&key).await.map(|stored| stored.body), Some(b"{}".to_vec()));
}

/// Versions count the writes.
pub async fn advancing_replaces_the_body_and_raises_the_version(bench: &Bench) {
    let key = bench.create().await;
    for version in 1..5 {
        assert_eq!(bench.advance(&key, version, "next").await, Advance::Advanced);
        let stored = Stored { version: version + 1, body: b"next".to_vec() };
        assert_eq!(bench.load(&key).await, Some(stored));
    }
}

/// Neither a past version nor a future one advances.
pub async fn an_old_version_changes_nothing(bench: &Bench) {
    let key = bench.create().await;
    assert_eq!(bench.advance(&key, 1, "second").await, Advance::Advanced);
    for expected in [0, 1, 3, u64::from(u32::MAX)] {
        assert_eq!(bench.advance(&key, expected, "late").await, Advance::Outrun);
    }
    let stored = Stored { version: 2, body: b"second".to_vec() };
    assert_eq!(bench.load(&key).await, Some(stored));
}

/// Of parallel submissions of one challenge, one wins.
pub async fn of_many_that_expect_one_version_one_advances(bench: &Bench) {
    let key = bench.create().await;
    let bodies: Vec<String> = (0..32).map(|n| n.to_string()).collect();
    let all = bodies.iter().map(|body| bench.advance(&key, 1, body));
    let outcomes = join_all(all).await;
    let won: Vec<_> = (0..32).filter(|&n| outcomes[n] == Advance::Advanced).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Advance::Outrun).count(), 31);
    let stored = Stored { version: 2, body: bodies[won[0]].clone().into_bytes() };
    assert_eq!(bench.load(&key).await, Some(stored));
}

/// An ended session stays ended.
pub async fn an_ended_session_is_gone_and_ending_again_does_nothing(bench: &Bench) {
    let key = bench.create().await;
    for _ in 0..2 {
        bench.store.end(&key).await.expect("the store serves");
        assert_eq!(bench.load(&key).await, None);
        assert_eq!(bench.advance(&key, 1, "x").await, Advance::Gone);
    }
}

/// A session expires its lifetime after its creation, however often it advances.
pub async fn advancing_does_not_lengthen_a_life(bench: &Bench) {
    let key = bench.create().await;
    bench.clock.advance(LIFETIME.saturating_sub(Duration::from_millis(1)));
    assert_eq!(bench.advance(&key, 1, "x").await, Advance::Advanced);
    assert!(bench.load(&key).await.is_some());
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.load(&key).await, None);
    assert_eq!(bench.advance(&key, 2, "x").await, Advance::Gone);
}

/// A new lifetime counts from its write, and a refused write changes nothing.
pub async fn advancing_with_a_lifetime_begins_it_anew(bench: &Bench) {
    let later = Some(LIFETIME * 6);
    let [longer, shorter, outrun] =
        [bench.create().await, bench.create().await, bench.create().await];
    bench.clock.advance(LIFETIME / 2);
    assert_eq!(bench.advance_for(&longer, 1, "x", later).await, Advance::Advanced);
    let soon = Some(LIFETIME / 4);
    assert_eq!(bench.advance_for(&shorter, 1, "x", soon).await, Advance::Advanced);
    assert_eq!(bench.advance_for(&outrun, 7, "x", later).await, Advance::Outrun);
    bench.clock.advance(LIFETIME / 2);
    assert_eq!(bench.load(&shorter).await, None);
    assert_eq!(bench.load(&outrun).await, None);
    bench.clock.advance((LIFETIME * 11 / 2).saturating_sub(Duration::from_millis(1)));
    assert_eq!(bench.load(&longer).await, Some(Stored { version: 2, body: b"x".to_vec() }));
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.load(&longer).await, None);
}

/// Operations on one session do not affect another.
pub async fn sessions_do_not_touch_each_other(bench: &Bench) {
    let (one, other) = (bench.create().await, bench.create().await);
    assert_eq!(bench.advance(&one, 1, "x").await, Advance::Advanced);
    bench.store.end(&one).await.expect("the store serves");
    assert_eq!(bench.load(&other).await, Some(Stored { version: 1, body: b"{}".to_vec() }));
}
