//! Slows down whoever asks or fails too often: so many times in a window, counted in this process.
//! What is counted, and who is refused, is the caller's to say: of client secrets only the wrong ones
//! count, so that nobody can shut others out by failing in their name.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clock::Timestamp;

/// Counts for many, each in a window of its own.
pub struct Throttle<K> {
    window: Duration,
    counts: Mutex<Counts<K>>,
}

struct Counts<K> {
    of: HashMap<K, Count>,
    /// Until when there is no room, and no use in looking for some.
    full_until: Timestamp,
}

struct Count {
    count: u32,
    ends: Timestamp,
}

/// As many as are remembered at most: some megabytes, and more than honest people come at a time.
const MAX_REMEMBERED: usize = 100_000;

impl<K: Eq + Hash> Throttle<K> {
    /// Counts within windows of that length.
    pub fn new(window: Duration) -> Self {
        let counts = Counts { of: HashMap::new(), full_until: Timestamp::default() };
        Self { window, counts: Mutex::new(counts) }
    }

    /// Counts nothing. A key that has reached `limit` in this window is refused, with the time to wait.
    pub fn check(&self, key: &K, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.of.get(key) {
            Some(count) if count.count >= limit && now < count.ends => Err(count.ends.since(now)),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts one more. Whoever is beyond `limit` in this window is refused, with the time to wait.
    pub fn count(&self, key: K, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // Memory stays bounded: in such a flood whoever is new has to wait.
        if !counts.of.contains_key(&key) && !counts.make_room(now) {
            return Err(counts.full_until.since(now));
        }
        let fresh = || Count { count: 0, ends: now + self.window };
        let count = counts.of.entry(key).or_insert_with(fresh);
        if now >= count.ends {
            *count = fresh();
        }
        count.count = count.count.saturating_add(1);
        if count.count > limit { Err(count.ends.since(now)) } else { Ok(()) }
    }
}

impl<K: Eq + Hash> Counts<K> {
    /// Forgets what is over if there is no room for one more; whether there is room then.
    fn make_room(&mut self, now: Timestamp) -> bool {
        if self.of.len() < MAX_REMEMBERED {
            return true;
        }
        if now < self.full_until {
            return false;
        }
        self.of.retain(|_, count| now < count.ends);
        self.full_until = self.of.values().map(|count| count.ends).min().unwrap_or(now);
        self.of.len() < MAX_REMEMBERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_too_often_waits_for_the_window_to_end() {
        let throttle = Throttle::new(Duration::from_secs(60));
        let start = Timestamp::default();
        for _ in 0..2 {
            assert_eq!(throttle.count("a", 2, start), Ok(()));
        }
        let later = start + Duration::from_secs(45);
        assert_eq!(throttle.count("a", 2, later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.count("b", 2, later), Ok(()));
        assert_eq!(throttle.count("a", 2, start + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn a_check_refuses_at_the_limit_and_counts_nothing() {
        let throttle = Throttle::new(Duration::from_secs(60));
        let start = Timestamp::default();
        let check = |now| throttle.check(&"a", 2, now);
        assert_eq!([check(start), throttle.count("a", 2, start), check(start)], [Ok(()); 3]);
        assert_eq!([check(start), throttle.count("a", 2, start)], [Ok(()); 2]);
        let later = start + Duration::from_secs(45);
        assert_eq!(check(later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.check(&"b", 2, later), Ok(()));
        assert_eq!(check(start + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_a_flood_passes() {
        let throttle = Throttle::new(Duration::from_secs(60));
        for key in 0..3 * MAX_REMEMBERED {
            let refused = throttle.count(key, 2, Timestamp::default()).is_err();
            assert_eq!(refused, key >= MAX_REMEMBERED);
        }
        let later = Timestamp::default() + Duration::from_secs(60);
        assert_eq!(throttle.count(usize::MAX, 2, later), Ok(()));
        assert_eq!(throttle.counts.lock().expect("no panic").of.len(), 1);
    }
}
