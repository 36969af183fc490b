//! Claims: which request an idempotency key belongs to.

use futures_util::future::join_all;

use super::Bench;
use crate::claims::Claim;
use crate::digest::{AttemptId, Fingerprint};
use crate::randomness;
use crate::record::Attempt;

/// A key that no other test uses, and requests that differ in one byte.
struct Key(AttemptId);

impl Key {
    fn new() -> Self {
        Self(AttemptId::from_bytes(randomness::bytes(&randomness::system())))
    }

    fn of(&self, request: u8) -> Attempt {
        Attempt { id: self.0, fingerprint: Fingerprint::from_bytes([request; 16]) }
    }
}

async fn claim(bench: &Bench, attempt: Attempt) -> Claim {
    bench.claims.claim(attempt).await.expect("the store answers")
}

async fn settle_idle(bench: &Bench, attempt: Attempt) {
    bench.claims.settle_idle(attempt).await.expect("the store answers");
}

fn wait(bench: &Bench, seconds: u64) {
    bench.clock.advance(std::time::Duration::from_secs(seconds));
}

/// I8: a key belongs to its first request while retries may come; retries do not prolong that.
pub async fn a_key_stands_for_its_first_request(bench: Bench) {
    let (key, other) = (Key::new(), Key::new());
    assert_eq!(claim(&bench, key.of(1)).await, Claim::Held);
    for _ in 0..2 {
        wait(&bench, 59);
        assert_eq!(claim(&bench, key.of(1)).await, Claim::Held);
        assert_eq!(claim(&bench, key.of(2)).await, Claim::Taken);
        assert_eq!(claim(&bench, other.of(2)).await, Claim::Held, "it is another key");
    }
    wait(&bench, 2);
    assert_eq!(claim(&bench, key.of(2)).await, Claim::Held);
    assert_eq!(claim(&bench, key.of(1)).await, Claim::Taken);
}

/// I8: a request that found nothing to do finds nothing again.
pub async fn a_request_that_was_idle_stays_idle(bench: Bench) {
    let key = Key::new();
    claim(&bench, key.of(1)).await;
    wait(&bench, 60);
    settle_idle(&bench, key.of(2)).await;
    assert_eq!(claim(&bench, key.of(1)).await, Claim::Held, "another request says nothing of it");
    settle_idle(&bench, key.of(1)).await;
    for _ in 0..2 {
        assert_eq!(claim(&bench, key.of(1)).await, Claim::Idle);
        assert_eq!(claim(&bench, key.of(2)).await, Claim::Taken);
    }
    wait(&bench, 60);
    assert_eq!(claim(&bench, key.of(1)).await, Claim::Held, "the claim lived no longer for it");
    settle_idle(&bench, Key::new().of(1)).await;
}

/// I8.
pub async fn of_parallel_claims_for_different_requests_one_is_held(bench: Bench) {
    let key = Key::new();
    let claims = join_all((0..100).map(|request| claim(&bench, key.of(request)))).await;
    let held = claims.iter().filter(|claim| **claim == Claim::Held).count();
    assert_eq!((held, claims.len()), (1, 100));
}
