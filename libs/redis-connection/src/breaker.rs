//! A circuit breaker for Redis. It reconnects a lost link in the background. While reconnecting
//! fails, calls fail at once instead of waiting for their deadline.
//!
//! ```text
//!              connected                lost, or repeatedly slow
//! CONNECTING ───────────────> UP ──────────────────────────────────> CONNECTING
//!  callers    <─────────────  callers use                             callers wait, up to
//!  wait                       the link                                their deadline
//!      │  attempt failed                connected
//!      └───────────────────> DOWN ──────────────────> UP
//!                            calls fail at once; an attempt every 100 to 800 ms
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::checks::{self, Demands};
use crate::link::Link;
use crate::outage::Outage;
use crate::pace::Pace;
use crate::route::Route;
use crate::server::Peer;

/// The number of calls in a row without a reply after which the link is dropped. A half-open
/// connection can be detected in no other way.
const SLOW_CALLS: u32 = 3;

/// A link that reconnects when it is lost.
pub(crate) struct Breaker {
    state: watch::Sender<State>,
    serves: watch::Receiver<bool>,
    slow: AtomicU32,
    keeper: JoinHandle<()>,
}

#[derive(Clone)]
struct State {
    /// The number of links so far.
    generation: u64,
    phase: Phase,
}

#[derive(Clone)]
enum Phase {
    Connecting,
    Up(Link),
    Down(Arc<Outage>),
}

impl Breaker {
    /// Starts to connect. Must be called inside a runtime.
    pub(crate) fn new(route: Arc<Route>, demands: Demands) -> Self {
        let (state, _) = watch::channel(State { generation: 0, phase: Phase::Connecting });
        let (told, serves) = watch::channel(false);
        let keeper = tokio::spawn(keep(route, demands, state.clone(), told));
        Self { state, serves, slow: AtomicU32::new(0), keeper }
    }

    /// Whether Redis serves, with all later changes. A link that reconnects at the first attempt
    /// does not count as an outage.
    pub(crate) fn serves(&self) -> watch::Receiver<bool> {
        self.serves.clone()
    }

    /// The link and its generation. Waits while the first attempt runs.
    pub(crate) async fn link(&self) -> Result<(u64, Link), Arc<Outage>> {
        if let State { generation, phase: Phase::Up(link) } = &*self.state.borrow() {
            return Ok((*generation, link.clone()));
        }
        let mut states = self.state.subscribe();
        loop {
            let State { generation, phase } = states.borrow_and_update().clone();
            match phase {
                Phase::Up(link) => return Ok((generation, link)),
                Phase::Down(outage) => return Err(outage),
                Phase::Connecting => {}
            }
            if states.changed().await.is_err() {
                return Err(Arc::new(Outage::Unreachable("the connection task ended".to_owned())));
            }
        }
    }

    /// Waits until Redis serves or fails its checks. An outage may end by itself.
    pub(crate) async fn decided(&self) -> Result<(), Arc<Outage>> {
        let mut states = self.state.subscribe();
        let decided = states.wait_for(|state| match &state.phase {
            Phase::Up(_) => true,
            Phase::Down(outage) => matches!(**outage, Outage::Unfit(_)),
            Phase::Connecting => false,
        });
        match decided.await.map(|state| state.phase.clone()) {
            Ok(Phase::Down(outage)) => Err(outage),
            Ok(Phase::Up(_) | Phase::Connecting) | Err(_) => Ok(()),
        }
    }

    /// Records that the link of the current generation replied.
    pub(crate) fn answered(&self) {
        self.slow.store(0, Ordering::Relaxed);
    }

    /// Records that the link of that generation gave no reply in time.
    pub(crate) fn slow(&self, generation: u64) {
        if self.slow.fetch_add(1, Ordering::Relaxed) + 1 >= SLOW_CALLS {
            self.lost(generation);
        }
    }

    /// Drops the link of that generation.
    pub(crate) fn lost(&self, generation: u64) {
        let given_up = self.state.send_if_modified(|state| {
            let is_it = state.generation == generation && matches!(state.phase, Phase::Up(_));
            if is_it {
                state.phase = Phase::Connecting;
            }
            is_it
        });
        if given_up {
            self.answered();
        }
    }
}

impl Drop for Breaker {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Keeps a link connected until the breaker is dropped.
async fn keep(
    route: Arc<Route>,
    demands: Demands,
    state: watch::Sender<State>,
    serves: watch::Sender<bool>,
) {
    loop {
        let peer = bring_up(&route, demands, &state, &serves).await;
        let mut states = state.subscribe();
        tokio::select! {
            _ = states.wait_for(|state| !matches!(state.phase, Phase::Up(_))) => {
                tracing::debug!("the link to redis was given up");
            }
            () = route.has_moved(peer.as_ref()) => {
                tracing::info!("the sentinels name another primary");
                state.send_modify(|state| state.phase = Phase::Connecting);
            }
        }
    }
}

/// Attempts to connect until it succeeds.
async fn bring_up(
    route: &Route,
    demands: Demands,
    state: &watch::Sender<State>,
    serves: &watch::Sender<bool>,
) -> Option<Peer> {
    let mut is_known_down = false;
    let mut pace = Pace::default();
    loop {
        let began = Instant::now();
        match attempt(route, demands, pace).await {
            Ok((link, peer)) => {
                state.send_modify(|state| {
                    state.generation += 1;
                    state.phase = Phase::Up(link);
                });
                serves.send_replace(true);
                if is_known_down {
                    tracing::info!("redis serves again");
                }
                return peer;
            }
            Err(outage) => {
                if !is_known_down {
                    tracing::warn!(%outage, "codes and journeys cannot be served");
                    is_known_down = true;
                }
                serves.send_replace(false);
                state.send_modify(|state| state.phase = Phase::Down(Arc::new(outage)));
                pace = pace.after(began.elapsed());
                sleep(pace.pause()).await;
            }
        }
    }
}

async fn attempt(
    route: &Route,
    demands: Demands,
    pace: Pace,
) -> Result<(Link, Option<Peer>), Outage> {
    let attempt = async {
        let (mut link, peer) = route.connect(pace.connection()).await?;
        let complaints = checks::inspect(&mut link, demands).await?;
        if complaints.is_empty() { Ok((link, peer)) } else { Err(Outage::Unfit(complaints)) }
    };
    let no_link = format!("no connection within {} ms", pace.attempt().as_millis());
    timeout(pace.attempt(), attempt).await.unwrap_or(Err(Outage::Unreachable(no_link)))
}
