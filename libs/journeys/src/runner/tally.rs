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
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Timestamp;

/// How many sources' journeys one /48 of IPv6 may have waiting: one host can have all its sources.
const SOURCES_OF_A_SITE: i64 = 10;

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
    Source(IpAddr),
    Site(Ipv6Addr),
}

impl Network {
    /// The networks that a source counts for.
    fn of(source: Option<IpAddr>) -> impl Iterator<Item = Self> {
        let site = match source {
            Some(IpAddr::V6(v6)) => Some(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48))),
            Some(IpAddr::V4(_)) | None => None,
        };
        source.map(Self::Source).into_iter().chain(site.map(Self::Site))
    }

    fn limit(self, capacity: Capacity) -> i64 {
        let of_source = i64::from(capacity.of_source);
        match self {
            Self::Source(_) => of_source,
            Self::Site(_) => of_source * SOURCES_OF_A_SITE,
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
        let full = Network::of(source).find(|network| {
            let taken = counts.taken_by.get(network).copied().unwrap_or_default();
            taken >= network.limit(self.capacity)
        });
        if let Some(network) = full {
            let of = |second: &Second| second.share_of.get(&network).copied().unwrap_or_default();
            return Err((Full::Source, counts.wait(of, now)));
        }
        if counts.taken >= i64::from(self.capacity.in_all) {
            return Err((Full::All, counts.wait(|second| second.share, now)));
        }
        counts.change(source, expires_at, 1);
        Ok(())
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::session::SESSION_LIFETIME;

    /// What happens, and at which replica.
    #[derive(Clone, Debug)]
    enum Event {
        Began(usize, Option<IpAddr>),
        Ended(usize, Index),
        Passed(i64),
    }

    const REPLICAS: usize = 3;
    const CAPACITY: Capacity = Capacity { of_source: 5, in_all: 12 };

    fn sources() -> [Option<IpAddr>; 4] {
        let source = |text: &str| Some(text.parse().expect("an address"));
        [None, source("192.0.2.1"), source("2001:db8::"), source("2001:db8:0:1::")]
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (0..REPLICAS, proptest::sample::select(sources().to_vec()))
                .prop_map(|(at, source)| Event::Began(at, source)),
            2 => (0..REPLICAS, any::<Index>()).prop_map(|(at, which)| Event::Ended(at, which)),
            3 => (0_i64..90_000).prop_map(Event::Passed),
        ]
    }

    proptest! {
        #[test]
        fn whoever_begins_and_ends_journeys_the_sum_is_of_those_that_wait(
            events in vec(event(), 0..300),
        ) {
            let replicas: [Tally; REPLICAS] = std::array::from_fn(|_| Tally::new(CAPACITY));
            let mut waiting: Vec<(Option<IpAddr>, Timestamp)> = Vec::new();
            let mut now = 1_000_000_123;
            for event in events {
                let at = Timestamp::from_unix_millis(now);
                match event {
                    Event::Passed(milliseconds) => now += milliseconds,
                    Event::Began(replica, source) => {
                        let ends = at + SESSION_LIFETIME;
                        match replicas[replica].begin(source, ends, at) {
                            Ok(()) => waiting.push((source, ends)),
                            Err((_, wait)) => prop_assert!(wait <= SESSION_LIFETIME * 2),
                        }
                    }
                    Event::Ended(replica, which) if !waiting.is_empty() => {
                        let (source, ends) = waiting.swap_remove(which.index(waiting.len()));
                        replicas[replica].ended(source, ends, at);
                    }
                    Event::Ended(..) => {}
                }
                let at = Timestamp::from_unix_millis(now);
                waiting.retain(|(_, ends)| ends.unix_seconds() >= at.unix_seconds());
                let sum: i64 = replicas.iter().map(|replica| replica.waiting(at)).sum();
                prop_assert_eq!(sum, i64::try_from(waiting.len()).expect("few"));
                for replica in &replicas {
                    let counts = replica.counts(at);
                    prop_assert!(counts.seconds.len() <= 601, "it grows");
                    prop_assert!((0..=i64::from(CAPACITY.in_all)).contains(&counts.taken));
                    for (network, taken) in &counts.taken_by {
                        prop_assert!((1..=network.limit(CAPACITY)).contains(taken));
                    }
                }
                // No more wait than places are taken, so all are within the limits.
                let taken: i64 = replicas.iter().map(|replica| replica.counts(at).taken).sum();
                prop_assert!(sum <= taken);
                for source in sources().into_iter().flatten() {
                    let taken = |replica: &Tally| {
                        let counts = replica.counts(at);
                        counts.taken_by.get(&Network::Source(source)).copied().unwrap_or_default()
                    };
                    let taken: i64 = replicas.iter().map(taken).sum();
                    let waits = waiting.iter().filter(|(of, _)| *of == Some(source)).count();
                    prop_assert!(i64::try_from(waits).expect("few") <= taken);
                }
            }
        }
    }

    #[test]
    fn an_end_that_comes_too_late_counts_nothing() {
        let (tally, begun) = (Tally::new(CAPACITY), Timestamp::from_unix_millis(5_000));
        assert_eq!(tally.begin(None, begun + SESSION_LIFETIME, begun), Ok(()));
        let late = begun + SESSION_LIFETIME * 2;
        tally.ended(None, begun + SESSION_LIFETIME, late);
        assert_eq!(tally.waiting(late), 0);
    }

    #[test]
    fn a_source_has_its_limit_until_its_journeys_end() {
        let (tally, now) = (Tally::new(CAPACITY), Timestamp::from_unix_millis(5_000));
        let [_, source, other, _] = sources();
        let begin = |source, now| tally.begin(source, now + SESSION_LIFETIME, now);
        for _ in 0..5 {
            assert_eq!(begin(source, now), Ok(()));
        }
        let wait = SESSION_LIFETIME + Duration::from_secs(1);
        assert_eq!(begin(source, now), Err((Full::Source, wait)));
        assert_eq!(begin(other, now), Ok(()));
        assert_eq!(begin(None, now), Ok(()));
        tally.ended(source, now + SESSION_LIFETIME, now);
        assert_eq!(begin(source, now), Ok(()));
        assert_eq!(begin(source, now), Err((Full::Source, wait)));
        assert_eq!(begin(source, now + wait), Ok(()));
    }

    #[test]
    fn the_sources_of_one_site_have_ten_times_the_limit() {
        let tally = Tally::new(Capacity { of_source: 2, in_all: 1000 });
        let now = Timestamp::from_unix_millis(0);
        let begin = |network: u16| {
            let source = IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, 0]);
            tally.begin(Some(source), now + SESSION_LIFETIME, now).map_err(|(full, _)| full)
        };
        for network in 0..20 {
            assert_eq!(begin(network), Ok(()));
        }
        assert_eq!(begin(20), Err(Full::Source));
    }

    #[test]
    fn all_together_have_their_limit_and_wait_for_the_first_to_end() {
        let tally = Tally::new(Capacity { of_source: 100, in_all: 2 });
        let (now, later) = (Timestamp::from_unix_millis(0), Timestamp::from_unix_millis(60_000));
        for at in [now, later] {
            assert_eq!(tally.begin(None, at + SESSION_LIFETIME, at), Ok(()));
        }
        let wait = SESSION_LIFETIME.saturating_sub(Duration::from_secs(59));
        assert_eq!(tally.begin(None, later + SESSION_LIFETIME, later), Err((Full::All, wait)));
    }
}
