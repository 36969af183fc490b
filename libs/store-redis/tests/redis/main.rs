//! The stores on real Redis servers, which the tests start on free ports and stop at their end: the
//! contract suites of the ports on every topology, histories against the in-memory store, access
//! rights, checks and faults.

mod authorizations;
mod cases;
mod checks;
mod confirmed;
mod contracts;
mod desks;
mod disks;
mod failovers;
mod faults;
mod fence;
mod footprint;
mod golden;
mod histories;
mod ledger;
mod leftovers;
mod load;
mod losses;
mod mutants;
mod network;
mod notices;
mod paths;
mod patient;
mod previous;
mod refusals;
mod resends;
mod resharding;
mod rights;
mod servers;
mod synced;
mod time;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clock::FakeClock;
use codes::conformance::Bench;
use store_redis::claims::RedisClaimStore;
use store_redis::codes::{Injected, RedisCodeStore};
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::Checks;
use store_redis::grants::RedisGrantStore;
use store_redis::journeys::RedisJourneyStore;

/// A connection without checks.
fn connect(url: &str, access: Access) -> Connection {
    let address = Address::parse(url).expect("a URL");
    Connection::open(&address, access, Checks::Off, None, None).expect("a connection")
}

/// A bench over a store with a fake clock, where a promotion is a change of the fence.
fn bench(connection: Connection) -> Bench {
    let clock = Arc::new(FakeClock::default());
    let promotions = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&promotions);
    let injected = Injected {
        clock: Arc::clone(&clock) as Arc<dyn clock::Clock>,
        fence: Box::new(move || format!("{:x}", seen.load(Ordering::SeqCst))),
    };
    let claims = RedisClaimStore::beside_codes(connection.clone()).with_clock(clock.clone());
    let grants = RedisGrantStore::new(connection.clone()).with_clock(clock.clone());
    let store = Arc::new(RedisCodeStore::with_injected(connection, injected));
    let promote = Box::new(move || {
        promotions.fetch_add(1, Ordering::SeqCst);
    });
    Bench { store, claims: Arc::new(claims), grants: Arc::new(grants), clock, promote }
}

fn journeys_bench(connection: Connection) -> journeys::conformance::Bench {
    kept_in(RedisJourneyStore::new(connection))
}

fn console_bench(connection: Connection) -> journeys::conformance::Bench {
    kept_in(RedisJourneyStore::of_console(connection))
}

fn kept_in(store: RedisJourneyStore) -> journeys::conformance::Bench {
    let clock = Arc::new(FakeClock::default());
    journeys::conformance::Bench { store: Arc::new(store.with_clock(clock.clone())), clock }
}
