//! The readiness of a service, by its store.
//!
//! A service that never reached its store gets no clients: a new replica with a wrong password stays
//! out of service while the old ones go on. One that loses the store keeps its clients for a while: it
//! refuses them at once, and a failover is over sooner than clients find another replica. Liveness
//! never depends on the store: a restart would not bring it back.

use std::time::Duration;

use chassis::Readiness;
use chassis::telemetry::Gauge;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::store::Stores;

/// How long a store may be away before clients are sent elsewhere: longer than a failover takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Follows the store for as long as the process serves.
pub async fn follow(stores: Stores, readiness: Readiness) {
    // This process's memory is there as long as the process is.
    if let Some(connection) = &stores.connection {
        follow_changes(connection.serves(), &readiness).await;
    }
}

/// Ends when nobody can say any more whether the store serves.
async fn follow_changes(mut serves: watch::Receiver<bool>, readiness: &Readiness) {
    let up = Gauge::new("postern.store.up", "Whether the store can be asked: 1 or 0.");
    readiness.set(false);
    up.set(0);
    while serves.wait_for(|serves| *serves).await.is_ok() {
        up.set(1);
        readiness.set(true);
        if serves.wait_for(|serves| !serves).await.is_err() {
            return;
        }
        up.set(0);
        if timeout(PATIENCE, serves.wait_for(|serves| *serves)).await.is_err() {
            tracing::warn!("the store is away: no longer ready");
            readiness.set(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn readiness_comes_with_the_store_and_goes_a_while_after_it() {
        let (store, serves) = watch::channel(false);
        let readiness = Readiness::default();
        let followed = readiness.clone();
        let follower = tokio::spawn(async move { follow_changes(serves, &followed).await });
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
            assert_eq!(readiness.is_ready(), is_ready, "after {seconds} s of {is_up}");
        }
        drop(store);
        follower.await.expect("it ends with the store");
    }
}
