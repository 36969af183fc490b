//! Slows down whoever guesses: so many failures in a window, counted in this process by what is
//! guessed at and from where. Only a wrong guess is ever refused: what is right passes, so that
//! nobody can shut others out by failing in their name.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clock::Timestamp;

/// Counts failures of many, each in a window of its own.
pub struct Throttle<K> {
    limit: u32,
    window: Duration,
    failures: Mutex<HashMap<K, Failures>>,
}

struct Failures {
    count: u32,
    ends: Timestamp,
}

/// As many as are remembered at most.
const MAX_REMEMBERED: usize = 10_000;

impl<K: Eq + Hash> Throttle<K> {
    /// Allows `limit` failures within a `window`.
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, failures: Mutex::default() }
    }

    /// Counts a failure. Refuses whoever has failed too often, with the time to wait.
    pub fn fail(&self, key: K, now: Timestamp) -> Result<(), Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_REMEMBERED && !failures.contains_key(&key) {
            failures.retain(|_, failures| now < failures.ends);
            // Memory stays bounded: in such a flood whoever is new and wrong has to wait.
            if failures.len() >= MAX_REMEMBERED {
                return Err(self.window);
            }
        }
        let fresh = || Failures { count: 0, ends: now + self.window };
        let failures = failures.entry(key).or_insert_with(fresh);
        if now >= failures.ends {
            *failures = fresh();
        }
        failures.count = failures.count.saturating_add(1);
        if failures.count > self.limit { Err(failures.ends.since(now)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_fails_too_often_waits_for_the_window_to_end() {
        let throttle = Throttle::new(2, Duration::from_secs(60));
        let start = Timestamp::default();
        for _ in 0..2 {
            assert_eq!(throttle.fail("a", start), Ok(()));
        }
        let later = start + Duration::from_secs(45);
        assert_eq!(throttle.fail("a", later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.fail("b", later), Ok(()));
        assert_eq!(throttle.fail("a", start + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_a_flood_passes() {
        let throttle = Throttle::new(2, Duration::from_secs(60));
        for key in 0..3 * MAX_REMEMBERED {
            let refused = throttle.fail(key, Timestamp::default()).is_err();
            assert_eq!(refused, key >= MAX_REMEMBERED);
        }
        let later = Timestamp::default() + Duration::from_secs(60);
        assert_eq!(throttle.fail(usize::MAX, later), Ok(()));
        assert_eq!(throttle.failures.lock().expect("no panic").len(), 1);
    }
}
