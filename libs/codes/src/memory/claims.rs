//! Claims in this process's memory: the specification of every other store of claims.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clock::{Clock, Monotonic, Timestamp};

use crate::claims::{Claim, ClaimStore, LIFETIME};
use crate::digest::{AttemptId, Fingerprint};
use crate::record::Attempt;
use crate::store::StoreError;

/// The least number of claims at which expired ones are removed.
const MIN_SWEEP: usize = 1024;

/// Keeps claims in a map.
pub struct MemoryClaimStore {
    clock: Monotonic,
    claims: Mutex<Claims>,
}

struct Claims {
    by_attempt: HashMap<AttemptId, Held>,
    /// The number of claims at which expired ones are removed next.
    sweep_at: usize,
}

struct Held {
    fingerprint: Fingerprint,
    is_idle: bool,
    until: Timestamp,
}

impl MemoryClaimStore {
    /// An empty store that uses `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let claims = Claims { by_attempt: HashMap::new(), sweep_at: MIN_SWEEP };
        Self { clock: Monotonic::new(clock), claims: Mutex::new(claims) }
    }

    /// Runs one operation on the claim under an attempt ID, if that claim exists and has not
    /// expired.
    fn run<T>(
        &self,
        attempt: Attempt,
        operation: impl FnOnce(Option<Held>, Timestamp) -> (Option<Held>, T),
    ) -> T {
        // Each change is complete before the lock is released, so a panic cannot leave half of one.
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let before = claims.by_attempt.remove(&attempt.id).filter(|held| now < held.until);
        let (after, outcome) = operation(before, now);
        if let Some(held) = after {
            claims.by_attempt.insert(attempt.id, held);
            claims.sweep(now);
        }
        outcome
    }
}

impl Claims {
    /// Removes expired claims each time the store has doubled.
    fn sweep(&mut self, now: Timestamp) {
        if self.by_attempt.len() >= self.sweep_at {
            self.by_attempt.retain(|_, held| now < held.until);
            self.sweep_at = MIN_SWEEP.max(2 * self.by_attempt.len());
        }
    }
}

#[async_trait]
impl ClaimStore for MemoryClaimStore {
    async fn claim(&self, attempt: Attempt) -> Result<Claim, StoreError> {
        let Attempt { fingerprint, .. } = attempt;
        Ok(self.run(attempt, |before, now| {
            let fresh = Held { fingerprint, is_idle: false, until: now + LIFETIME };
            let held = before.unwrap_or(fresh);
            let claim = match (held.fingerprint == fingerprint, held.is_idle) {
                (false, _) => Claim::Taken,
                (true, true) => Claim::Idle,
                (true, false) => Claim::Held,
            };
            (Some(held), claim)
        }))
    }

    async fn settle_idle(&self, attempt: Attempt) -> Result<(), StoreError> {
        self.run(attempt, |before, _| {
            let settled = before.map(|held| Held {
                is_idle: held.is_idle || held.fingerprint == attempt.fingerprint,
                ..held
            });
            (settled, ())
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clock::FakeClock;

    use super::*;

    /// I18.
    #[tokio::test]
    async fn claims_are_bounded_by_those_that_live() {
        let clock = Arc::new(FakeClock::default());
        let store = MemoryClaimStore::new(clock.clone());
        for round in 0..5_u64 {
            for number in 0..1024_u64 {
                let mut name = [0; 16];
                name[..8].copy_from_slice(&(round * 1024 + number).to_be_bytes());
                let (id, fingerprint) =
                    (AttemptId::from_bytes(name), Fingerprint::from_bytes([0; 16]));
                let claim = store.claim(Attempt { id, fingerprint }).await;
                assert_eq!(claim.expect("memory serves"), Claim::Held);
            }
            let held = store.claims.lock().expect("no panic").by_attempt.len();
            assert!(held <= 2048, "round {round}: {held}");
            clock.advance(Duration::from_secs(120));
        }
    }
}
