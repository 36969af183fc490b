//! Slows down callers that ask or fail too often: so many times in a window, counted in this process.
//! The caller says what is counted, and which answer a refusal is: of client secrets only the wrong
//! ones count, so that failing in a client's name does not shut the client out.
//!
//! # Why our own
//! Callers choose many of the keys, so memory must be bounded at every moment, and a table full of
//! keys must not refuse new ones. The `governor` crate has neither: its table grows until a caller
//! calls `retain_recent`, which looks at every key, and forgets only keys that are not limited.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clock::Timestamp;
use server::http::{Site, Source};

/// The most keys that are remembered: some megabytes, and more than honest callers in a minute.
const MAX_REMEMBERED: usize = 100_000;

/// Counts for many keys, each in a window of its own.
pub struct Throttle<K> {
    window: Duration,
    counts: Mutex<Counts<K>>,
}

struct Counts<K> {
    of: HashMap<K, Count>,
    /// The keys by the end of their windows. All windows have one length, so a new one ends last.
    by_end: VecDeque<(Timestamp, K)>,
}

#[derive(Clone, Copy)]
struct Count {
    count: u32,
    ends: Timestamp,
}

impl<K: Clone + Eq + Hash> Throttle<K> {
    /// Counts within windows of that length.
    pub fn new(window: Duration) -> Self {
        let counts = Counts { of: HashMap::new(), by_end: VecDeque::new() };
        Self { window, counts: Mutex::new(counts) }
    }

    /// Counts nothing. A key that has reached `limit` in this window is refused, with the time to wait.
    ///
    /// # Errors
    /// The limit is reached: the time to wait.
    pub fn check(&self, key: &K, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.of.get(key) {
            Some(count) if count.count >= limit && now < count.ends => Err(count.ends.since(now)),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts one more. Beyond `limit` in this window it is refused, with the time to wait.
    ///
    /// A key that is new is counted, however many others there are: the oldest window makes room.
    ///
    /// # Errors
    /// The limit was reached before: the time to wait.
    pub fn count(&self, key: K, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.forget(now);
        // A window that ends so late was begun before the clock stepped back: all begin anew.
        if counts.by_end.back().is_some_and(|(ends, _)| *ends > now + 2 * self.window) {
            *counts = Counts { of: HashMap::new(), by_end: VecDeque::new() };
        }
        let Count { count, ends } = counts.add(key, now + self.window);
        if count > limit { Err(ends.since(now)) } else { Ok(()) }
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    /// Forgets the windows that have ended.
    fn forget(&mut self, now: Timestamp) {
        while let Some((ends, _)) = self.by_end.front()
            && *ends <= now
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_end.pop_front() {
            self.of.remove(&key);
        }
    }

    /// Counts one more, in a window that ends then if it is new.
    fn add(&mut self, key: K, ends: Timestamp) -> Count {
        if let Some(count) = self.of.get_mut(&key) {
            count.count = count.count.saturating_add(1);
            return *count;
        }
        if self.of.len() >= MAX_REMEMBERED {
            self.forget_oldest();
        }
        self.by_end.push_back((ends, key.clone()));
        let count = Count { count: 1, ends };
        self.of.insert(key, count);
        count
    }
}

/// Counts by source, of IPv6 also by site: one host can have all sources of a site. `K` is what else
/// tells counts apart.
pub struct SourceThrottle<K> {
    sources: Throttle<(Source, K)>,
    sites: Throttle<(Site, K)>,
}

/// The key that is beyond its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One source.
    Source,
    /// One site.
    Site,
}

/// The key that is beyond its limit, and the time to wait.
pub type Refused = (Scope, Duration);

impl<K: Clone + Eq + Hash> SourceThrottle<K> {
    /// Counts within windows of that length.
    pub fn new(window: Duration) -> Self {
        Self { sources: Throttle::new(window), sites: Throttle::new(window) }
    }

    /// Counts nothing. A source or a site that has reached its limit is refused, with the time to wait.
    ///
    /// # Errors
    /// The limit is reached.
    pub fn check(&self, source: Source, key: K, limit: u32, now: Timestamp) -> Result<(), Refused> {
        let checked = self.sources.check(&(source, key.clone()), limit, now);
        checked.map_err(|wait| (Scope::Source, wait))?;
        let Some(site) = source.site() else { return Ok(()) };
        let limit = limit.saturating_mul(Site::SOURCES);
        self.sites.check(&(site, key), limit, now).map_err(|wait| (Scope::Site, wait))
    }

    /// Counts one more. Beyond `limit` for its source, or ten times `limit` for its site, it is
    /// refused, with the time to wait. What a source's limit refuses does not count for its site.
    ///
    /// # Errors
    /// The limit was reached before.
    pub fn count(&self, source: Source, key: K, limit: u32, now: Timestamp) -> Result<(), Refused> {
        let counted = self.sources.count((source, key.clone()), limit, now);
        counted.map_err(|wait| (Scope::Source, wait))?;
        let Some(site) = source.site() else { return Ok(()) };
        let limit = limit.saturating_mul(Site::SOURCES);
        self.sites.count((site, key), limit, now).map_err(|wait| (Scope::Site, wait))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const START: Timestamp = Timestamp::from_unix_millis(0);

    #[test]
    fn beyond_its_limit_a_key_waits_for_its_window_to_end() {
        let throttle = Throttle::new(MINUTE);
        for _ in 0..2 {
            assert_eq!(throttle.count("a", 2, START), Ok(()));
        }
        let later = START + Duration::from_secs(45);
        assert_eq!(throttle.count("a", 2, later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.count("b", 2, later), Ok(()));
        assert_eq!(throttle.count("a", 2, START + MINUTE), Ok(()));
        // The window of `b` goes on.
        assert_eq!(throttle.count("b", 1, START + MINUTE), Err(Duration::from_secs(45)));
    }

    #[test]
    fn a_check_refuses_at_the_limit_and_counts_nothing() {
        let throttle = Throttle::new(MINUTE);
        let check = |now| throttle.check(&"a", 2, now);
        assert_eq!([check(START), throttle.count("a", 2, START), check(START)], [Ok(()); 3]);
        assert_eq!([check(START), throttle.count("a", 2, START)], [Ok(()); 2]);
        let later = START + Duration::from_secs(45);
        assert_eq!(check(later), Err(Duration::from_secs(15)));
        assert_eq!(throttle.check(&"b", 2, later), Ok(()));
        assert_eq!(check(START + MINUTE), Ok(()));
    }

    #[test]
    fn a_clock_that_steps_back_keeps_no_key_waiting() {
        let window = Duration::from_secs(60);
        let throttle = Throttle::new(window);
        let early = Timestamp::default() + window;
        let late = early + Duration::from_secs(3600);
        assert_eq!(throttle.count("a", 1, late), Ok(()));
        assert_eq!(throttle.count("a", 1, late), Err(window));
        assert_eq!(throttle.count("a", 1, early), Ok(()));
        assert_eq!(throttle.count("a", 1, early), Err(window));
    }

    #[test]
    fn a_flood_of_keys_refuses_no_newcomer_and_memory_stays_bounded() {
        let throttle = Throttle::new(MINUTE);
        for key in 0..3 * MAX_REMEMBERED {
            assert_eq!(throttle.count(key, 1, START), Ok(()), "{key}");
        }
        let remembered = || {
            let counts = throttle.counts.lock().expect("no panic");
            (counts.of.len(), counts.by_end.len())
        };
        assert_eq!(remembered(), (MAX_REMEMBERED, MAX_REMEMBERED));
        // The latest are held to their limit all the same.
        assert_eq!(throttle.count(3 * MAX_REMEMBERED - 1, 1, START), Err(MINUTE));
        assert_eq!(throttle.count(usize::MAX, 1, START + MINUTE), Ok(()));
        assert_eq!(remembered(), (1, 1));
    }

    fn source(site: u16, network: u16) -> Source {
        Source::of(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, site, network, 0, 0, 0, 1)))
    }

    #[test]
    fn the_sources_of_one_site_share_ten_times_the_limit() {
        let throttle = SourceThrottle::new(MINUTE);
        for network in 0..Site::SOURCES {
            let source = source(1, u16::try_from(network).expect("few"));
            for _ in 0..5 {
                assert_eq!(throttle.count(source, (), 5, START), Ok(()));
            }
            assert_eq!(throttle.count(source, (), 5, START), Err((Scope::Source, MINUTE)));
        }
        assert_eq!(throttle.check(source(1, 99), (), 5, START), Err((Scope::Site, MINUTE)));
        assert_eq!(throttle.count(source(1, 99), (), 5, START), Err((Scope::Site, MINUTE)));
        assert_eq!(throttle.check(source(2, 0), (), 5, START), Ok(()));
        assert_eq!(throttle.count(source(2, 0), (), 5, START), Ok(()));
        let v4 = Source::of(IpAddr::from([192, 0, 2, 1]));
        assert_eq!(throttle.count(v4, (), 5, START), Ok(()));
    }

    #[test]
    fn a_hundred_thousand_sources_shut_no_newcomer_out() {
        let throttle = SourceThrottle::new(MINUTE);
        for site in 0..=u16::MAX {
            for network in 0..2 {
                assert_eq!(throttle.count(source(site, network), (), 5, START), Ok(()));
            }
        }
        let newcomer = Source::of("2001:db9::1".parse().expect("an address"));
        for _ in 0..5 {
            assert_eq!(throttle.count(newcomer, (), 5, START), Ok(()));
        }
        assert_eq!(throttle.count(newcomer, (), 5, START), Err((Scope::Source, MINUTE)));
    }
}
