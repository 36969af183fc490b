//! A bad network, slow, lossy or half-open: no call exceeds its deadline, nothing hangs, and no
//! outcome is wrong.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use store_redis::connection::address::Access;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::cases::stranger;
use crate::load::Load;
use crate::servers::Server;
use crate::servers::proxy::{Mischief, proxy};

/// The duration of each disturbance.
const TROUBLE: Duration = Duration::from_secs(2);

/// The limit for the recovery afterwards, on a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(3);

/// Runs a load while each disturbance is switched on and off again.
async fn bear(troubles: &[fn(&Mischief, bool)]) {
    let server = Server::start("");
    let (address, mischief) = proxy(server.port).await;
    let url = format!("redis://{address}");
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let load = Load::start(|| crate::connect(&url, Access::default()), stranger);
    load.recovery(Instant::now()).await;
    for trouble in troubles {
        trouble(&mischief, true);
        sleep(TROUBLE).await;
        trouble(&mischief, false);
        let (back, _) = load.recovery(Instant::now()).await;
        assert!(back < BACK_WITHIN, "{back:?}");
    }
    load.stop().await.is_safe();
    for _ in 0..250 {
        if tasks() <= before {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{} tasks still run 5 s after all connections were dropped", tasks() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network_causes_no_wrong_outcome() {
    bear(&[
        |mischief, on| mischief.delay.store(if on { 50 } else { 0 }, Ordering::SeqCst),
        |mischief, on| mischief.delay.store(if on { 200 } else { 0 }, Ordering::SeqCst),
        |mischief, on| mischief.delay.store(if on { 1000 } else { 0 }, Ordering::SeqCst),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_loses_connections_causes_no_wrong_outcome() {
    bear(&[
        |mischief, on| mischief.one_in.store(if on { 20 } else { 0 }, Ordering::SeqCst),
        |mischief, on| mischief.silent.store(on, Ordering::SeqCst),
        |mischief, on| mischief.cut.store(on, Ordering::SeqCst),
    ])
    .await;
}
