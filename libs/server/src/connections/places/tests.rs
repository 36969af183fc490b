//! Tests of the places of a listener.

use futures_util::FutureExt as _;
use proptest::prelude::*;

use tokio::time::Duration;

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
async fn the_sources_of_one_site_have_ten_times_the_limit() {
    let places = Places::new(100, 3, Proxies::default());
    let of_network = |network: u16| {
        let host = IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, 1]);
        places.admit(host, Instant::now())
    };
    let mut held: Vec<_> = (0..30).map(of_network).collect();
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(of_network(30).err(), Some(Refusal::Source));
    let other = IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, 1]);
    assert!(places.admit(other, Instant::now()).is_ok(), "another site");
    held.pop();
    assert!(of_network(30).is_ok());
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
    let places = Places::new(4, 1, Proxies::parse("192.0.2.0/28").expect("a network"));
    let now = Instant::now();
    let proxied: Vec<_> = (0..3).map(|_| places.admit(address(1), now).expect("room")).collect();
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
        prop_assert!(taken.by_id.is_empty() && taken.by_network.is_empty());
        prop_assert!(taken.by_activity.is_empty());
    }
}
