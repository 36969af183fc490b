//! The replicas of a service that is called: which there are, and to which of them there is a
//! connection.
//!
//! # Why our own balancing
//! tonic's asks for addresses once, and goes on to choose a replica that cannot be reached. Its
//! channels make a lost connection again within the next call, which then waits for a host that may
//! have gone. Here only those are called to which there is a connection; one that ends is noticed as
//! it ends, and made again beside the calls.

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

/// How often a connection is tried that could not be made.
pub(super) const TRY_EVERY: Duration = Duration::from_secs(1);

/// How long a call waits for a connection where there is none: for as long as one takes to be made
/// again, and not for a service that is down.
const PATIENCE: Duration = Duration::from_millis(300);

/// The replicas to which there is a connection.
type Live = Arc<[Arc<Target>]>;

/// All replicas that are known.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    live: watch::Receiver<Live>,
    turn: Arc<AtomicUsize>,
    /// Rouses who connects.
    look: Arc<Notify>,
}

impl Targets {
    /// Begins to look for replicas, and goes on for as long as this is kept. Connections that could
    /// not be made are tried so often.
    pub(super) fn follow(remote: Remote, try_every: Duration) -> Self {
        let (sender, live) = watch::channel(Live::default());
        let look = Arc::<Notify>::default();
        tokio::spawn(follower::follow(remote, try_every, Arc::clone(&look), sender));
        Self { live, turn: Arc::default(), look }
    }

    /// Calls one of them. A caller that may safely call twice finds another the second time.
    pub(super) async fn call(&mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let target = self.pick().await?;
        target.channel.clone().oneshot(request).await.map_err(|error| {
            if is_too_late(&error) {
                // Which says nothing about the connection.
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
            // The service may be there since it was last tried.
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

/// Whether the call's own time was up.
fn is_too_late(error: &(dyn Error + 'static)) -> bool {
    let mut causes = successors(Some(error), |error| (*error).source());
    causes.any(<dyn Error>::is::<TimeoutExpired>)
}

#[cfg(test)]
mod tests;
