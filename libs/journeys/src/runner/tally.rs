//! Counts the journeys that wait for their clients, and limits them.
//!
//! # Why a limit
//! Anyone may start a journey, and a waiting journey takes memory in the store that also keeps the
//! codes. So there is a limit for each source, and one for all.
//!
//! # Why the store does not count
//! Any replica may end a journey that another one started, many journeys expire in the store
//! without an end, and counting keys costs a store more than serving them. So each replica counts
//! on its own, by the second of expiry: plus one when it starts a journey, minus one when it ends
//! one, even if another replica started it. When a second has passed, its counts are dropped. The
//! count of one replica may be negative; the sum over all replicas is the number of waiting
//! journeys.
//!
//! For the limits, a negative second counts as zero. Otherwise, room gained by ending journeys of
//! other replicas would vanish when that second passes, and the limit would be exceeded. So a
//! journey takes a place in the replica that started it until that replica ends it or it expires.
//!
//! A replica's counts are lost when it restarts. Until all journeys from before the restart have
//! expired, the sum is too low.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Timestamp;
use sources::{Site, Source};

#[cfg(test)]
mod tests;

/// The limits of waiting journeys in each replica.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// For each source.
    pub of_source: u32,
    /// For all together.
    pub in_all: u32,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The limit of the source or of its /48.
    Source,
    /// The limit of the replica.
    All,
}

/// The counts of one replica. It stores one entry for each second in which a waiting journey may
/// expire.
pub struct Tally {
    capacity: Capacity,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Journeys started here, minus journeys ended here.
    share: i64,
    /// The places taken, in total and by network. Zero entries are removed.
    taken: i64,
    taken_by: HashMap<Network, i64>,
    seconds: BTreeMap<i64, Second>,
}

/// Journeys that expire within one second: started here, minus ended here.
#[derive(Default)]
struct Second {
    share: i64,
    share_of: HashMap<Network, i64>,
}

/// A network with a limit of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Source(Source),
    Site(Site),
}

impl Network {
    /// The networks that a source belongs to.
    fn of(source: Option<IpAddr>) -> impl Iterator<Item = Self> {
        let source = source.map(Source::of);
        let site = source.and_then(Source::site);
        source.map(Self::Source).into_iter().chain(site.map(Self::Site))
    }

    fn limit(self, capacity: Capacity) -> i64 {
        let of_source = i64::from(capacity.of_source);
        match self {
            Self::Source(_) => of_source,
            Self::Site(_) => of_source * i64::from(Site::SOURCES),
        }
    }
}

impl Tally {
    /// A tally with no waiting journeys.
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, counts: Mutex::default() }
    }

    /// Counts a journey that will expire at `expires_at`, unless a limit is reached.
    ///
    /// # Errors
    /// The limit that is reached, and how long until the first of its journeys expires.
    pub fn begin(
        &self,
        source: Option<IpAddr>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), (Full, Duration)> {
        let mut counts = self.counts(now);
        if let Some(full) = counts.full(self.capacity, source, now) {
            return Err(full);
        }
        counts.change(source, expires_at, 1);
        Ok(())
    }

    /// Moves a journey's expiry from `from` to `to`, if the limits allow it, and returns whether
    /// they do. A journey that another replica started needs a place here; its place there is freed
    /// at `from`.
    pub(super) fn prolong(
        &self,
        source: Option<IpAddr>,
        [from, to]: [Timestamp; 2],
        now: Timestamp,
    ) -> bool {
        let mut counts = self.counts(now);
        counts.change(source, from, -1);
        let may = counts.full(self.capacity, source, now).is_none();
        counts.change(source, if may { to } else { from }, 1);
        may
    }

    /// Removes a journey with that expiry: it has ended, or never waited.
    pub fn ended(&self, source: Option<IpAddr>, expires_at: Timestamp, now: Timestamp) {
        self.counts(now).change(source, expires_at, -1);
    }

    /// Journeys started here, minus journeys ended here.
    pub(super) fn waiting(&self, now: Timestamp) -> i64 {
        self.counts(now).share
    }

    /// Drops the seconds that have passed and returns the counts. Each change is complete before
    /// the lock is released, so a panic elsewhere cannot leave half of one.
    fn counts(&self, now: Timestamp) -> MutexGuard<'_, Counts> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = counts.seconds.first_entry()
            && *first.key() < now.unix_seconds()
        {
            let Second { share, share_of } = first.remove();
            counts.share -= share;
            counts.taken -= share.max(0);
            for (network, share) in share_of {
                add(&mut counts.taken_by, network, -share.max(0));
            }
        }
        counts
    }
}

impl Counts {
    /// The limit that one more journey would exceed, and how long until there is room.
    fn full(
        &self,
        capacity: Capacity,
        source: Option<IpAddr>,
        now: Timestamp,
    ) -> Option<(Full, Duration)> {
        let full = Network::of(source).find(|network| {
            let taken = self.taken_by.get(network).copied().unwrap_or_default();
            taken >= network.limit(capacity)
        });
        if let Some(network) = full {
            let of = |second: &Second| second.share_of.get(&network).copied().unwrap_or_default();
            return Some((Full::Source, self.wait(of, now)));
        }
        (self.taken >= i64::from(capacity.in_all))
            .then(|| (Full::All, self.wait(|second| second.share, now)))
    }

    fn change(&mut self, source: Option<IpAddr>, expires_at: Timestamp, by: i64) {
        let second = self.seconds.entry(expires_at.unix_seconds()).or_default();
        self.share += by;
        let before = second.share;
        second.share += by;
        self.taken += second.share.max(0) - before.max(0);
        for network in Network::of(source) {
            let (before, after) = add(&mut second.share_of, network, by);
            add(&mut self.taken_by, network, after.max(0) - before.max(0));
        }
    }

    /// How long until the first of those journeys expires.
    fn wait(&self, count: impl Fn(&Second) -> i64, now: Timestamp) -> Duration {
        let first = self.seconds.iter().find(|(_, second)| count(second) > 0);
        first.map_or(Duration::ZERO, |(second, _)| {
            Timestamp::from_unix_millis((second + 1) * 1000).since(now)
        })
    }
}

/// Adds to a count and returns its value before and after. Zero entries are removed.
fn add(counts: &mut HashMap<Network, i64>, network: Network, by: i64) -> (i64, i64) {
    let before = counts.get(&network).copied().unwrap_or_default();
    match before + by {
        0 => drop(counts.remove(&network)),
        after => drop(counts.insert(network, after)),
    }
    (before, before + by)
}
