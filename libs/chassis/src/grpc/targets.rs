//! The replicas of a service that is called: which there are, and which of them answer.
//!
//! # Why our own balancing
//! tonic's asks for addresses once, and goes on to choose a replica that cannot be reached, since it
//! reports itself ready. Here a replica that fails a call is called no more until a connection to it
//! was made; only if none is left is each tried in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::{Request, Response};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::body::Body;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::remote::Remote;

/// How often those that do not answer are tried.
pub(super) const TRY_EVERY: Duration = Duration::from_secs(1);
/// After so many rounds of that, addresses are asked for again.
const ROUNDS: u32 = 5;
/// How long an answer about addresses may take.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);

/// One replica.
#[derive(Debug)]
struct Target {
    address: SocketAddr,
    /// The certificates that its connections are made with.
    tls: Option<Arc<ClientTlsConfig>>,
    endpoint: Endpoint,
    channel: Channel,
    is_down: AtomicBool,
}

impl Target {
    /// A replica to which a connection was tried: the first calls need not wait for it.
    async fn new(
        remote: &Remote,
        address: SocketAddr,
        tls: Option<Arc<ClientTlsConfig>>,
    ) -> Option<Self> {
        let endpoint = remote.endpoint(address, tls.as_deref()).inspect_err(|error| {
            tracing::error!(%error, "the certificates cannot be used");
        });
        let endpoint = endpoint.ok()?;
        let connected = endpoint.connect().await;
        let is_down = AtomicBool::new(connected.is_err());
        let channel = connected.unwrap_or_else(|error| {
            tracing::warn!(%address, %error, "a replica cannot be reached");
            endpoint.connect_lazy()
        });
        Some(Self { address, tls, endpoint, channel, is_down })
    }

    /// Makes a connection, only to see whether that is possible.
    async fn try_again(&self) {
        if self.is_down.load(Ordering::Relaxed) && self.endpoint.connect().await.is_ok() {
            self.is_down.store(false, Ordering::Relaxed);
            tracing::info!(address = %self.address, "a replica is back");
        }
    }
}

type Known = Arc<[Arc<Target>]>;

/// All replicas that are known.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    known: watch::Receiver<Known>,
    turn: Arc<AtomicUsize>,
}

impl Targets {
    /// Begins to look for replicas, and goes on for as long as this is kept. Those that do not
    /// answer are tried so often.
    pub(super) fn follow(remote: Remote, try_every: Duration) -> Self {
        let (sender, known) = watch::channel(Known::default());
        tokio::spawn(follow(remote, try_every, sender));
        Self { known, turn: Arc::default() }
    }

    /// Calls one of them. A caller that may safely call twice finds another the second time.
    pub(super) async fn call(&mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let target = self.pick().await?;
        target.channel.clone().oneshot(request).await.map_err(|error| {
            let status = Status::from_error(Box::new(error));
            if matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded) {
                // It was too slow, which says nothing about the connection.
                return Status::deadline_exceeded("the service did not answer in time");
            }
            if !target.is_down.swap(true, Ordering::Relaxed) {
                tracing::warn!(address = %target.address, error = %status.message(), "a replica is lost");
            }
            Status::unavailable("the service cannot be reached")
        })
    }

    /// The next one that answers; or the next one at all, if none does.
    async fn pick(&mut self) -> Result<Arc<Target>, Status> {
        let known = self.known.wait_for(|known| !known.is_empty()).await;
        let known = known.map_err(|_| Status::unavailable("the service is not looked for"))?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut in_turn =
            (0..known.len()).map(|step| &known[turn.wrapping_add(step) % known.len()]);
        let up = in_turn.clone().find(|target| !target.is_down.load(Ordering::Relaxed));
        let picked = up.or_else(|| in_turn.next()).cloned();
        picked.ok_or_else(|| Status::unavailable("the service has no address"))
    }
}

/// Looks for replicas until nobody wants to know any more.
async fn follow(remote: Remote, try_every: Duration, known: watch::Sender<Known>) {
    let mut rounds = interval(try_every);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let look_after = async {
        match remote.tls() {
            Some(tls) => Arc::clone(&tls.0).look_after(|_| {}).await,
            None => std::future::pending().await,
        }
    };
    let look = async {
        for round in 0_u32.. {
            rounds.tick().await;
            if round % ROUNDS == 0 || known.borrow().is_empty() {
                look(&remote, &known).await;
            }
            let targets = Arc::clone(&known.borrow());
            join_all(targets.iter().map(|target| target.try_again())).await;
        }
    };
    tokio::select! {
        () = look => {}
        () = look_after => {}
        () = known.closed() => {}
    }
}

/// Takes over the addresses that the service has now, and the certificates that it is called with.
/// What is known stays known while nobody can say better.
async fn look(remote: &Remote, known: &watch::Sender<Known>) {
    let before = Arc::clone(&known.borrow());
    let mut addresses = match timeout(LOOKUP_LIMIT, remote.addresses()).await {
        Ok(Ok(found)) if !found.is_empty() => found,
        failed => {
            let error = match failed {
                Ok(Ok(_)) => "it has none".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(late) => late.to_string(),
            };
            tracing::warn!(host = remote.host(), error, "cannot learn a service's addresses");
            before.iter().map(|target| target.address).collect()
        }
    };
    addresses.sort_unstable();
    addresses.dedup();
    let tls = remote.tls().map(|tls| tls.0.current());
    let is_as_before = |target: &&Arc<Target>| match (&target.tls, &tls) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let now = join_all(addresses.into_iter().map(async |address| {
        let mut old = before.iter().filter(|target| target.address == address);
        match old.find(is_as_before) {
            Some(old) => Some(Arc::clone(old)),
            None => Target::new(remote, address, tls.clone()).await.map(Arc::new),
        }
    }));
    let now: Known = now.await.into_iter().flatten().collect();
    if now.is_empty() {
        return;
    }
    known.send_if_modified(|known| {
        let same = known.len() == now.len()
            && known.iter().zip(now.iter()).all(|(old, new)| Arc::ptr_eq(old, new));
        *known = now;
        !same
    });
}

#[cfg(test)]
mod tests;
