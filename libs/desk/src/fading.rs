//! A map of values that end.

use std::collections::HashMap;
use std::hash::Hash;

use clock::Timestamp;

/// Sweeping waits for at least this many entries.
const MIN_SWEEP: usize = 1024;

/// Keeps each value until its end. Nothing past its end is seen.
#[derive(Clone, Debug)]
pub(crate) struct Fading<K, V> {
    entries: HashMap<K, (V, Timestamp)>,
    /// The number of entries at which the dead ones are swept out next.
    sweep_at: usize,
}

impl<K, V> Default for Fading<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), sweep_at: MIN_SWEEP }
    }
}

impl<K: Eq + Hash, V> Fading<K, V> {
    /// The value and its end.
    pub(crate) fn get(&self, key: &K, now: Timestamp) -> Option<(&V, Timestamp)> {
        let (value, until) = self.entries.get(key)?;
        (now < *until).then_some((value, *until))
    }

    /// The value, to change it.
    pub(crate) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        let (value, until) = self.entries.get_mut(key)?;
        (now < *until).then_some(value)
    }

    /// Keeps a value until its end. Drops the dead whenever the map has doubled.
    pub(crate) fn put(&mut self, key: K, value: V, until: Timestamp, now: Timestamp) {
        self.entries.insert(key, (value, until));
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, (_, until)| now < *until);
            self.sweep_at = MIN_SWEEP.max(2 * self.entries.len());
        }
    }

    /// Forgets a value; returns whether there was one.
    pub(crate) fn remove(&mut self, key: &K, now: Timestamp) -> bool {
        self.entries.remove(key).is_some_and(|(_, until)| now < until)
    }

    /// All values and their ends, in no order.
    pub(crate) fn iter(&self, now: Timestamp) -> impl Iterator<Item = (&K, &V, Timestamp)> {
        let all = self.entries.iter().map(|(key, (value, until))| (key, value, *until));
        all.filter(move |(_, _, until)| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// I18.
    #[test]
    fn the_dead_are_swept_out() {
        let (mut map, mut now) = (Fading::default(), Timestamp::default());
        for round in 0..5_u32 {
            for number in 0..1024 {
                map.put((round, number), (), now + Duration::from_secs(1), now);
            }
            assert_eq!(map.iter(now).count(), 1024);
            assert!(map.entries.len() <= 2048, "round {round}: {}", map.entries.len());
            now = now + Duration::from_secs(1);
            assert!(map.get(&(round, 0), now).is_none());
            assert!(map.get_mut(&(round, 0), now).is_none());
            assert!(!map.remove(&(round, 0), now));
        }
    }
}
