//! The counts of several replicas, and their limits.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::session::{PAIRED_LIFETIME, SESSION_LIFETIME};

/// An event at one of the replicas.
#[derive(Clone, Debug)]
enum Event {
    Began(usize, Option<IpAddr>),
    Prolonged(usize, Index),
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
        2 => (0..REPLICAS, any::<Index>()).prop_map(|(at, which)| Event::Prolonged(at, which)),
        2 => (0..REPLICAS, any::<Index>()).prop_map(|(at, which)| Event::Ended(at, which)),
        3 => (0_i64..300_000).prop_map(Event::Passed),
    ]
}

proptest! {
    #[test]
    fn the_sum_over_replicas_is_of_the_journeys_that_wait(
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
                        Err((_, wait)) => prop_assert!(wait <= PAIRED_LIFETIME * 2),
                    }
                }
                Event::Prolonged(replica, which) if !waiting.is_empty() => {
                    let at_place = which.index(waiting.len());
                    let (source, ends) = waiting[at_place];
                    let later = at + PAIRED_LIFETIME;
                    if replicas[replica].prolong(source, [ends, later], at) {
                        waiting[at_place] = (source, later);
                    }
                }
                Event::Ended(replica, which) if !waiting.is_empty() => {
                    let (source, ends) = waiting.swap_remove(which.index(waiting.len()));
                    replicas[replica].ended(source, ends, at);
                }
                Event::Prolonged(..) | Event::Ended(..) => {}
            }
            let at = Timestamp::from_unix_millis(now);
            waiting.retain(|(_, ends)| ends.unix_seconds() >= at.unix_seconds());
            let sum: i64 = replicas.iter().map(|replica| replica.waiting(at)).sum();
            prop_assert_eq!(sum, i64::try_from(waiting.len()).expect("few"));
            for replica in &replicas {
                let counts = replica.counts(at);
                prop_assert!(counts.seconds.len() <= 3601, "it grows");
                prop_assert!((0..=i64::from(CAPACITY.in_all)).contains(&counts.taken));
                for (network, taken) in &counts.taken_by {
                    prop_assert!((1..=network.limit(CAPACITY)).contains(taken));
                }
            }
            // Each waiting journey has a place, so the limits hold for all of them.
            let taken: i64 = replicas.iter().map(|replica| replica.counts(at).taken).sum();
            prop_assert!(sum <= taken);
            for source in sources().into_iter().flatten() {
                let taken = |replica: &Tally| {
                    let counts = replica.counts(at);
                    counts.taken_by.get(&Network::Source(Source::of(source))).copied().unwrap_or_default()
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

#[test]
fn a_journey_that_is_prolonged_keeps_its_place_and_needs_room_at_another_replica() {
    let [began, other] = [(); 2].map(|()| Tally::new(Capacity { of_source: 1, in_all: 9 }));
    let now = Timestamp::from_unix_millis(0);
    let [_, source, elsewhere, _] = sources();
    let [ends, later] = [SESSION_LIFETIME, PAIRED_LIFETIME].map(|lifetime| now + lifetime);
    assert_eq!(began.begin(source, ends, now), Ok(()));
    assert!(began.prolong(source, [ends, later], now), "it moves");
    let after = ends + Duration::from_secs(1);
    assert!(began.begin(source, after + SESSION_LIFETIME, after).is_err(), "it still waits");
    assert_eq!(began.begin(elsewhere, after + SESSION_LIFETIME, after), Ok(()));

    assert_eq!(other.begin(source, ends, now), Ok(()));
    let theirs = now + Duration::from_secs(60);
    assert!(!other.prolong(source, [theirs, later], now), "its source is full here");
    assert_eq!(other.waiting(now), 1);
    other.ended(source, ends, now);
    assert!(other.prolong(source, [theirs, later], now));
    assert_eq!(other.waiting(later), 1);
}
