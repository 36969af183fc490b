//! Which connections a listener admits: so many in all, so many of one source, and ten times as many of
//! one /48 of IPv6, where one host can have all sources.
//!
//! ```text
//! a newcomer ── its source or site is at its limit ──> refused
//!     │
//!     ├── there is room ──> admitted
//!     │
//!     └── all places are taken ── a connection is idle ──> the longest idle is closed, the newcomer admitted
//!                              └─ none is ───────────────> refused
//! ```
//! Trusted proxies carry the connections of many: no limit per source holds for them, and theirs are
//! never closed for a newcomer, since a proxy may be sending its next request.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telemetry::Counter;
use tokio::time::Instant;

use super::activity::Activity;
use proxies::Proxies;
use sources::{Site, Source};

/// How many connections are looked at for a newcomer: it may not cost a walk through all of them.
const MAX_LOOKS: usize = 64;

const LABEL: &str = "postern.limit";

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its source, or its site, has as many as it may have.
    Source,
    /// All places are taken, and no connection that may be closed was found idle.
    Full,
}

/// The places of one listener.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    most: usize,
    per_source: usize,
    exempt: Proxies,
    taken: Mutex<Taken>,
    refused: Counter,
    evicted: Counter,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by_id: HashMap<u64, Entry>,
    by_network: HashMap<Network, usize>,
    /// Those that may be closed, by when they were last seen to be active. They may have been
    /// active since: that is looked up when one of them is to be closed, and not noted for each request.
    by_activity: BTreeSet<(Instant, u64)>,
}

/// The scope of a limit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Source(Source),
    Site(Site),
}

impl Network {
    /// The networks that a source counts for.
    fn of(source: Option<Source>) -> impl Iterator<Item = Self> {
        let site = source.and_then(Source::site).map(Self::Site);
        source.map(Self::Source).into_iter().chain(site)
    }

    const fn limit(self, per_source: usize) -> usize {
        match self {
            Self::Source(_) => per_source,
            Self::Site(_) => per_source.saturating_mul(Site::SOURCES as usize),
        }
    }
}

struct Entry {
    /// None of a trusted proxy.
    source: Option<Source>,
    seen: Instant,
    activity: Arc<Activity>,
}

impl Places {
    /// So many in all, so many of one source, as many as there are of trusted proxies.
    pub(super) fn new(most: usize, per_source: usize, exempt: Proxies) -> Self {
        let refused = Counter::new(
            "postern.connections.refused",
            "Connections that were closed at once, by the limit they are beyond.",
        );
        for limit in [Refusal::Source, Refusal::Full] {
            refused.begin(&[(LABEL, limit.as_str())]);
        }
        let evicted = Counter::new(
            "postern.connections.evicted",
            "Idle connections that were closed to admit a newcomer.",
        );
        evicted.begin(&[]);
        let taken = Mutex::default();
        Self(Arc::new(Inner { most, per_source, exempt, taken, refused, evicted }))
    }

    /// Admits a connection from that address, or says why not.
    pub(super) fn admit(&self, address: IpAddr, now: Instant) -> Result<Place, Refusal> {
        let admitted = self.try_admit(address, now);
        if let Err(refusal) = &admitted {
            self.0.refused.count(&[(LABEL, refusal.as_str())]);
        }
        admitted
    }

    fn try_admit(&self, address: IpAddr, now: Instant) -> Result<Place, Refusal> {
        let Inner { most, per_source, exempt, .. } = &*self.0;
        let source = (!exempt.trusts(address)).then(|| Source::of(address));
        let mut taken = self.0.taken();
        let is_full = |network: Network| {
            taken.by_network.get(&network).is_some_and(|&count| count >= network.limit(*per_source))
        };
        if Network::of(source).any(is_full) {
            return Err(Refusal::Source);
        }
        if taken.by_id.len() >= *most {
            if !taken.evict(now) {
                return Err(Refusal::Full);
            }
            self.0.evicted.count(&[]);
        }
        let activity = Arc::new(Activity::new(now));
        let id = taken.add(Entry { source, seen: now, activity: Arc::clone(&activity) });
        drop(taken);
        Ok(Place { id, activity, places: self.clone() })
    }
}

impl Inner {
    /// Every change is whole before the lock is let go, so a panic elsewhere leaves nothing half done.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Full => "full",
        }
    }
}

impl Taken {
    fn add(&mut self, entry: Entry) -> u64 {
        let id = self.next;
        self.next += 1;
        for network in Network::of(entry.source) {
            *self.by_network.entry(network).or_default() += 1;
        }
        if entry.source.is_some() {
            self.by_activity.insert((entry.seen, id));
        }
        self.by_id.insert(id, entry);
        id
    }

    /// Frees a place. Does nothing if it is free already.
    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.by_id.remove(&id)?;
        self.by_activity.remove(&(entry.seen, id));
        for network in Network::of(entry.source) {
            if let Some(count) = self.by_network.get_mut(&network) {
                *count -= 1;
                if *count == 0 {
                    self.by_network.remove(&network);
                }
            }
        }
        Some(entry)
    }

    /// Closes the connection that has been idle for longest; whether there was one.
    fn evict(&mut self, now: Instant) -> bool {
        for _ in 0..MAX_LOOKS {
            let Some(&(seen, id)) = self.by_activity.first() else { return false };
            let idle_since = self.by_id.get(&id).and_then(|entry| entry.activity.idle_since());
            if idle_since != Some(seen) {
                self.seen(id, idle_since.unwrap_or(now));
                continue;
            }
            // None has been idle for longer: the others were active when they were seen, or later.
            if let Some(entry) = self.remove(id) {
                entry.activity.evict();
            }
            return true;
        }
        false
    }

    fn seen(&mut self, id: u64, active: Instant) {
        if let Some(entry) = self.by_id.get_mut(&id) {
            self.by_activity.remove(&(entry.seen, id));
            entry.seen = active;
            self.by_activity.insert((active, id));
        }
    }
}

/// A connection's place. It is free when this is dropped.
pub(super) struct Place {
    id: u64,
    pub(super) activity: Arc<Activity>,
    places: Places,
}

impl Place {
    /// Waits until the connection is to end for a newcomer.
    pub(super) async fn evicted(&self) {
        self.activity.evicted().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.0.taken().remove(self.id);
    }
}

#[cfg(test)]
mod tests;
