//! The replicas of a service, and which of them are connected.
//!
//! # Why our own balancing
//! tonic resolves addresses once, and keeps choosing replicas that cannot be reached. Its channels
//! reconnect within the next call, which then waits for a host that may have gone. Here only
//! connected replicas are called. A connection that ends is noticed at once, and made again beside
//! the calls.

mod connection;
mod follower;

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tonic::body::Body;
use tonic::{Status, TimeoutExpired};
use tower::ServiceExt as _;

use self::connection::Target;
use crate::remote::Remote;

/// How often a failed connection is tried again.
pub(super) const TRY_EVERY: Duration = Duration::from_secs(1);

/// How long a call waits if no replica is connected: long enough to reconnect, too short to wait
/// for a service that is down.
const PATIENCE: Duration = Duration::from_millis(300);

/// The connected replicas.
type Live = Arc<[Arc<Target>]>;

/// All known replicas.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    live: watch::Receiver<Live>,
    turn: Arc<AtomicUsize>,
    /// Wakes the follower.
    look: Arc<Notify>,
}

impl Targets {
    /// Starts to look for replicas, until this is dropped. Failed connections are tried again at
    /// this interval.
    pub(super) fn follow(remote: Remote, try_every: Duration) -> Self {
        let (sender, live) = watch::channel(Live::default());
        let look = Arc::<Notify>::default();
        tokio::spawn(follower::follow(remote, try_every, Arc::clone(&look), sender));
        Self { live, turn: Arc::default(), look }
    }

    /// Calls one of them. A caller that may safely repeat its call reaches another one the second
    /// time.
    pub(super) async fn call(&mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let target = self.pick().await?;
        target.channel.clone().oneshot(request).await.map_err(|error| {
            if is_too_late(&error) {
                // This says nothing about the connection.
                return Status::deadline_exceeded("the service did not answer in time");
            }
            target.fate.lose();
            Status::unavailable("the service cannot be reached")
        })
    }

    /// The next one in turn.
    async fn pick(&mut self) -> Result<Arc<Target>, Status> {
        let is_there = |live: &Live| live.iter().any(|target| !target.fate.is_lost());
        if !is_there(&self.live.borrow()) {
            // The service may be back since the last attempt.
            self.look.notify_one();
        }
        let live = self.live.wait_for(is_there);
        let unreachable = || Status::unavailable("the service cannot be reached");
        let live = timeout(PATIENCE, live).await.map_err(|_| unreachable())?;
        let live = live.map_err(|_| Status::unavailable("the service is not looked for"))?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut in_turn = (0..live.len()).map(|step| &live[turn.wrapping_add(step) % live.len()]);
        in_turn.find(|target| !target.fate.is_lost()).cloned().ok_or_else(unreachable)
    }
}

/// Whether the call's own deadline passed.
fn is_too_late(error: &(dyn Error + 'static)) -> bool {
    let mut causes = successors(Some(error), |error| (*error).source());
    causes.any(<dyn Error>::is::<TimeoutExpired>)
}

#[cfg(test)]
mod tests;
