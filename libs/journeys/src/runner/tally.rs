//! How many journeys wait for their clients, and whether one more may.
//!
//! # Why a limit
//! Anybody may start a journey, and one that waits takes room in the store, where codes are kept, too.
//! So one source may have so many that wait, and all together so many.
//!
//! # Why not asked of the store
//! Any replica may end a journey that another began, many are never ended but forgotten by the store
//! when their time is over, and to count keys costs a store more than to serve them. So each replica
//! counts for itself, by the second in which a journey's time is over: one more when it begins a
//! journey, one less when it ends one, whichever replica began it. A second that has passed falls away
//! with all that was counted in it. One replica's count may be below zero; the sum over all replicas
//! is the number of journeys that wait.
//!
//! For the limits, a second below zero counts as none: room that was made by ending another replica's
//! journeys would be gone when their time is over, and what was admitted to it would be too much. So a
//! journey takes a place where it began until it ends there, or its time is over.
//!
//! What a replica has counted ends with it: for as long as a journey may wait, a sum after the start of
//! a replica lacks what the one before it knew.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Timestamp;
use sources::{Site, Source};

#[cfg(test)]
mod tests;

/// How many journeys may wait for their clients, at each replica.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Of one source.
    pub of_source: u32,
    /// In all.
    pub in_all: u32,
}

/// What is at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The source, or the /48 that it is in.
    Source,
    /// The replica.
    All,
}

/// One replica's count. As many seconds are kept as a journey may wait.
pub struct Tally {
    capacity: Capacity,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Begun here, less those that ended here.
    share: i64,
    /// The places that are taken, in all and by network; none where there would be zero.
    taken: i64,
    taken_by: HashMap<Network, i64>,
    seconds: BTreeMap<i64, Second>,
}

/// Those whose time is over within a second: begun here, less those that ended here.
#[derive(Default)]
struct Second {
    share: i64,
    share_of: HashMap<Network, i64>,
}

/// Who starts journeys.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Source(Source),
    Site(Site),
}

impl Network {
    /// The networks that a source counts for.
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
    /// Nothing waits yet.
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, counts: Mutex::default() }
    }

    /// Counts a journey that will wait until then at most, if one more may; otherwise says what is
    /// full, and how long to wait until a journey's time is over.
    ///
    /// # Errors
    /// What is at its limit, and how long until the first of its journeys is forgotten.
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

    /// Lets a journey that was to wait until `from` at most wait until `to`, and returns whether it may.
    /// One that another replica began needs room here, as a new one does: its place there is free again
    /// after `from`.
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

    /// A journey that was to wait until then at most waits no longer, or never did.
    pub fn ended(&self, source: Option<IpAddr>, expires_at: Timestamp, now: Timestamp) {
        self.counts(now).change(source, expires_at, -1);
    }

    /// This replica's share of those that wait.
    pub(super) fn waiting(&self, now: Timestamp) -> i64 {
        self.counts(now).share
    }

    /// The counts without the seconds that have passed. Each change is whole before the lock is let
    /// go, so a panic elsewhere leaves nothing half done.
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
    /// What has no room for one more, and how long to wait for room.
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

    /// How long until the first of those journeys is over.
    fn wait(&self, count: impl Fn(&Second) -> i64, now: Timestamp) -> Duration {
        let first = self.seconds.iter().find(|(_, second)| count(second) > 0);
        first.map_or(Duration::ZERO, |(second, _)| {
            Timestamp::from_unix_millis((second + 1) * 1000).since(now)
        })
    }
}

/// Changes a count, and returns what it was and is. Zero takes no room.
fn add(counts: &mut HashMap<Network, i64>, network: Network, by: i64) -> (i64, i64) {
    let before = counts.get(&network).copied().unwrap_or_default();
    match before + by {
        0 => drop(counts.remove(&network)),
        after => drop(counts.insert(network, after)),
    }
    (before, before + by)
}
