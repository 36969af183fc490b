//! Which connections a listener admits: so many in all, and so many of one source.
//!
//! ```text
//! a newcomer ── its source is at its limit ──> refused
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
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telemetry::Counter;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::http::{Proxies, Source};

/// How many connections are looked at for a newcomer: it may not cost a walk through all of them.
const MAX_LOOKS: usize = 64;

const LABEL: &str = "postern.limit";

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its source has as many as a source may have.
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
    by_source: HashMap<Source, usize>,
    /// Those that may be closed, by when they were last seen to be active. They may have been
    /// active since: that is looked up when one of them is to be closed, and not noted for each request.
    by_activity: BTreeSet<(Instant, u64)>,
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
        let of_source = source.and_then(|source| taken.by_source.get(&source));
        if of_source.is_some_and(|count| count >= per_source) {
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
        if let Some(source) = entry.source {
            *self.by_source.entry(source).or_default() += 1;
            self.by_activity.insert((entry.seen, id));
        }
        self.by_id.insert(id, entry);
        id
    }

    /// Frees a place. Does nothing if it is free already.
    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.by_id.remove(&id)?;
        self.by_activity.remove(&(entry.seen, id));
        if let Some(source) = entry.source
            && let Some(count) = self.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
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
                entry.activity.evicted.notify_one();
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
        self.activity.evicted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.0.taken().remove(self.id);
    }
}

/// When a connection was active.
pub(super) struct Activity {
    born: Instant,
    requests: AtomicUsize,
    /// Milliseconds after birth when the last request ended.
    last: AtomicU64,
    evicted: Notify,
}

impl Activity {
    fn new(born: Instant) -> Self {
        let (requests, last) = (AtomicUsize::default(), AtomicU64::default());
        Self { born, requests, last, evicted: Notify::new() }
    }

    /// A request begins, and ends when what this returns is dropped, however it ends.
    pub(super) fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(Arc::clone(self))
    }

    /// Since when the connection is idle; `None` during a request.
    fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.requests.load(Ordering::Relaxed) == 0;
        is_idle.then(|| self.born + Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

/// A request in flight.
pub(super) struct ActiveRequest(Arc<Activity>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let Activity { born, requests, last, .. } = &*self.0;
        let age = u64::try_from(born.elapsed().as_millis()).unwrap_or(u64::MAX);
        last.store(age, Ordering::Relaxed);
        requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(place: &Place) -> bool {
        place.evicted().now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_has_its_limit_and_a_neighbour_is_admitted() {
        let places = Places::new(10, 3, Proxies::default());
        let now = Instant::now();
        let mut held: Vec<_> = (0..3).map(|_| places.admit(address(1), now)).collect();
        assert_eq!(places.admit(address(1), now).err(), Some(Refusal::Source));
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(places.admit(mapped, now).err(), Some(Refusal::Source));
        assert!(places.admit(address(2), now).is_ok());
        held.pop();
        assert!(places.admit(address(1), now).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_connection_makes_room_and_a_busy_one_never() {
        let places = Places::new(3, 3, Proxies::default());
        let admit = |last| places.admit(address(last), Instant::now());
        let mut held = Vec::new();
        for last in 0..3 {
            held.push(admit(last).expect("room"));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        // The first is busy, the second was active a moment ago.
        let busy = held[0].activity.begin();
        drop(held[1].activity.begin());
        tokio::time::advance(Duration::from_secs(1)).await;
        let newcomer = admit(3).expect("one is idle");
        assert_eq!(held.iter().map(is_evicted).collect::<Vec<_>>(), [false, false, true]);
        // The place of the third is free already: that it ends now frees no other.
        held.pop();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = admit(4).expect("one is idle");
        assert!(is_evicted(&held[1]) && !is_evicted(&newcomer));
        let (first, last) = (newcomer.activity.begin(), second.activity.begin());
        assert_eq!(admit(5).err(), Some(Refusal::Full), "all are busy");
        drop((busy, first, last));
        assert!(admit(5).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trusted_proxy_has_no_limit_of_its_own_and_is_not_evicted() {
        let places = Places::new(4, 1, Proxies::of("192.0.2.0/28"));
        let now = Instant::now();
        let proxied: Vec<_> =
            (0..3).map(|_| places.admit(address(1), now).expect("room")).collect();
        let client = places.admit(address(100), now).expect("room");
        let other = places.admit(address(101), now).expect("one is idle");
        assert!(is_evicted(&client) && !proxied.iter().any(is_evicted));
        let busy = other.activity.begin();
        assert_eq!(places.admit(address(1), now).err(), Some(Refusal::Full));
        drop(busy);
    }

    #[derive(Clone, Debug)]
    enum Event {
        Comes(u8),
        Leaves(usize),
        Asks(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            3 => (0..4_u8).prop_map(Event::Comes),
            1 => any::<usize>().prop_map(Event::Leaves),
            2 => any::<usize>().prop_map(Event::Asks),
        ]
    }

    proptest! {
        #[test]
        fn no_more_are_admitted_than_may_be_and_all_is_forgotten(
            events in proptest::collection::vec(event(), 0..200),
        ) {
            let places = Places::new(6, 3, Proxies::default());
            let mut held: Vec<(u8, Place)> = Vec::new();
            for event in events {
                match event {
                    Event::Comes(last) => {
                        let of_source = held.iter().filter(|(of, _)| *of == last).count();
                        let admitted = places.admit(address(last), Instant::now());
                        // No request is in flight, so only its source's limit refuses a newcomer.
                        prop_assert_eq!(admitted.is_ok(), of_source < 3);
                        held.extend(admitted.ok().map(|place| (last, place)));
                        held.retain(|(_, place)| !is_evicted(place));
                    }
                    Event::Leaves(_) | Event::Asks(_) if held.is_empty() => {}
                    Event::Leaves(which) => drop(held.swap_remove(which % held.len())),
                    Event::Asks(which) => drop(held[which % held.len()].1.activity.begin()),
                }
                prop_assert!(held.len() <= 6);
                prop_assert_eq!(places.0.taken().by_id.len(), held.len());
            }
            held.clear();
            let taken = places.0.taken();
            prop_assert!(taken.by_id.is_empty() && taken.by_source.is_empty());
            prop_assert!(taken.by_activity.is_empty());
        }
    }
}
