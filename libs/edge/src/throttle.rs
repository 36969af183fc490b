//! Slows down whoever guesses: so many failures in a window, counted in this process by who fails
//! and from where, so that an attacker elsewhere does not slow down the rightful client.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clock::Timestamp;

/// Counts failures of many, each in a window of its own.
pub struct Throttle<K> {
    limit: u32,
    window: Duration,
    failures: Mutex<HashMap<K, (u32, Timestamp)>>,
}

/// As many as are remembered. Beyond it those whose window has passed are forgotten, and if there
/// are none, everybody new is refused: memory stays bounded, and a flood gains nothing.
const MAX_REMEMBERED: usize = 10_000;

impl<K: Eq + Hash> Throttle<K> {
    /// Allows `limit` failures within a `window`.
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, failures: Mutex::new(HashMap::new()) }
    }

    /// Refuses whoever has failed too often, with the time to wait.
    pub fn check(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(key) {
            Some(&(count, ends)) if now < ends && count >= self.limit => Err(ends.since(now)),
            None if failures.len() >= 2 * MAX_REMEMBERED => Err(self.window),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a failure.
    pub fn fail(&self, key: K, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_REMEMBERED {
            failures.retain(|_, &mut (_, ends)| now < ends);
        }
        let (count, ends) = failures.entry(key).or_insert((0, now + self.window));
        if now >= *ends {
            (*count, *ends) = (0, now + self.window);
        }
        *count += 1;
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
            assert_eq!(throttle.check(&"a", start), Ok(()));
            throttle.fail("a", start);
        }
        let later = start + Duration::from_secs(45);
        assert_eq!(throttle.check(&"a", later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.check(&"b", later), Ok(()));
        assert_eq!(throttle.check(&"a", start + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(2, Duration::from_secs(60));
        for key in 0..3 * MAX_REMEMBERED {
            if throttle.check(&key, Timestamp::default()).is_ok() {
                throttle.fail(key, Timestamp::default());
            }
        }
        let remembered = throttle.failures.lock().expect("no panic").len();
        assert_eq!(remembered, 2 * MAX_REMEMBERED);
        let later = Timestamp::default() + Duration::from_secs(60);
        throttle.fail(0, later);
        assert_eq!(throttle.failures.lock().expect("no panic").len(), 1);
    }
}
