//! The readiness of a service, by its store.
//!
//! A service that never reached its store gets no clients: a new replica with a wrong password stays
//! out of service while the old ones go on. One that loses the store keeps its clients for a while: it
//! refuses them at once, and a failover is over sooner than clients find another replica. One whose
//! clock is too far from the store's gets no clients either: the store refuses each of its calls.
//! Liveness never depends on the store: a restart would not bring it back.

use std::time::Duration;

use clock::SystemClock;
use codes::store::MAX_SKEW;
use server::Readiness;
use store_redis::connection::Connection;
use store_redis::connection::skew::Skew;
use telemetry::{Gauge, Seconds};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::store::Stores;

/// How long a store may be away before clients are sent elsewhere: longer than a failover takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often the clocks are compared.
const COMPARE_EVERY: Duration = Duration::from_secs(2);

/// What must hold before clients are sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fitness {
    has_store: bool,
    agrees_on_time: bool,
}

impl Fitness {
    const fn is_ready(self) -> bool {
        self.has_store && self.agrees_on_time
    }
}

/// Follows the store for as long as the process serves.
pub async fn follow(stores: Stores, readiness: Readiness) {
    // This process's memory is there as long as the process is.
    let Some(connection) = stores.connection else { return };
    let fitness = watch::Sender::new(Fitness { has_store: false, agrees_on_time: true });
    let mut changes = fitness.subscribe();
    readiness.set(false);
    tokio::select! {
        () = follow_outages(connection.serves(), &fitness) => {}
        () = follow_clocks(&connection, &fitness) => {}
        () = follow_journeys(stores.journey_connection.as_ref().unwrap_or(&connection)) => {}
        () = report(&mut changes, &readiness) => {}
    }
}

/// Reports fitness as readiness, for as long as it can change.
async fn report(changes: &mut watch::Receiver<Fitness>, readiness: &Readiness) {
    while changes.changed().await.is_ok() {
        readiness.set(changes.borrow_and_update().is_ready());
    }
}

/// Ends when the store is no longer watched.
async fn follow_outages(mut serves: watch::Receiver<bool>, fitness: &watch::Sender<Fitness>) {
    let up = Gauge::new("postern.store.up", "Whether the store can be asked: 1 or 0.");
    let tell = |has_store| fitness.send_modify(|fitness| fitness.has_store = has_store);
    up.set(0);
    while serves.wait_for(|serves| *serves).await.is_ok() {
        up.set(1);
        tell(true);
        if serves.wait_for(|serves| !serves).await.is_err() {
            return;
        }
        up.set(0);
        if timeout(PATIENCE, serves.wait_for(|serves| *serves)).await.is_err() {
            tracing::warn!("the store is away: no longer ready");
            tell(false);
        }
    }
}

/// Tells whether the Redis of waiting journeys serves. Readiness does not depend on one of their own:
/// every replica would be out of service at once, and with it the journeys that never wait.
async fn follow_journeys(connection: &Connection) {
    let says = "Whether the Redis of waiting journeys can be asked: 1 or 0.";
    let up = Gauge::new("postern.journey_store.up", says);
    let mut serves = connection.serves();
    loop {
        up.set(u64::from(*serves.borrow_and_update()));
        if serves.changed().await.is_err() {
            return;
        }
    }
}

/// Compares the clocks again and again.
async fn follow_clocks(connection: &Connection, fitness: &watch::Sender<Fitness>) {
    let says = "How far the store's clock is ahead of this host's; below zero, behind it.";
    let gauge = Seconds::new("postern.store.clock_skew", says);
    loop {
        if let Some(skew) = connection.skew(&SystemClock).await {
            gauge.set(skew.as_seconds());
            judge(skew, fitness);
        }
        sleep(COMPARE_EVERY).await;
    }
}

/// Notes whether the clocks are close enough for the store to do what it is asked.
fn judge(skew: Skew, fitness: &watch::Sender<Fitness>) {
    let agrees = skew.size() <= MAX_SKEW;
    let seconds = skew.as_seconds();
    let has_changed = fitness.send_if_modified(|fitness| {
        std::mem::replace(&mut fitness.agrees_on_time, agrees) != agrees
    });
    match (has_changed, agrees) {
        (true, true) => tracing::info!(skew_seconds = seconds, "the clocks agree again"),
        (true, false) => tracing::error!(
            skew_seconds = seconds,
            "the store's clock and this host's differ too much: no longer ready; synchronise them"
        ),
        (false, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use clock::Timestamp;

    use super::*;

    const FIT: Fitness = Fitness { has_store: true, agrees_on_time: true };

    #[tokio::test(start_paused = true)]
    async fn readiness_comes_with_the_store_and_goes_a_while_after_it() {
        let (store, serves) = watch::channel(false);
        let fitness = watch::Sender::new(Fitness { has_store: false, ..FIT });
        let now = fitness.subscribe();
        let follower = tokio::spawn(async move { follow_outages(serves, &fitness).await });
        for (is_up, seconds, is_ready) in [
            (false, 60, false),
            (true, 1, true),
            (false, 14, true),
            (true, 1, true),
            (false, 14, true),
            (false, 2, false),
            (true, 1, true),
        ] {
            store.send_replace(is_up);
            sleep(Duration::from_secs(seconds)).await;
            assert_eq!(now.borrow().is_ready(), is_ready, "after {seconds} s of {is_up}");
        }
        drop(store);
        follower.await.expect("it ends with the store");
    }

    #[test]
    fn readiness_goes_beyond_the_skew_that_the_store_refuses_and_comes_back_below_it() {
        let fitness = watch::Sender::new(FIT);
        for (host, store, is_ready) in [
            (0, 5000, true),
            (0, 5001, false),
            (20_000, 0, false),
            (5000, 0, true),
            (5001, 0, false),
            (0, 0, true),
        ] {
            let at = Timestamp::from_unix_millis;
            judge(Skew::between(at(host), at(store)), &fitness);
            assert_eq!(fitness.borrow().is_ready(), is_ready, "{host} ms and {store} ms");
        }
    }

    #[tokio::test]
    async fn both_must_hold() {
        let (readiness, fitness) = (Readiness::default(), watch::Sender::new(FIT));
        let (mut changes, reported) = (fitness.subscribe(), readiness.clone());
        tokio::spawn(async move { report(&mut changes, &reported).await });
        for (has_store, agrees_on_time) in
            [(true, false), (false, false), (true, true), (false, true)]
        {
            fitness.send_replace(Fitness { has_store, agrees_on_time });
            tokio::task::yield_now().await;
            assert_eq!(readiness.is_ready(), has_store && agrees_on_time);
        }
    }
}
