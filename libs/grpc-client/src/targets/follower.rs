//! Keeps a connection to each replica.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tls::ClientTls;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tonic::transport::{ClientTlsConfig, Error};

use super::Live;
use super::connection::Target;
use crate::remote::Remote;

/// Addresses are resolved again after so many rounds, even if no replica is missing.
pub(super) const ROUNDS: u32 = 5;
/// The longest time to resolve addresses.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);
/// How long to wait after a connection ended or none was found: others may end with it, and many
/// callers wait for a service that is down.
const A_MOMENT: Duration = Duration::from_millis(50);

/// Looks for replicas until no `Targets` is left.
pub(super) async fn follow(
    remote: Remote,
    try_every: Duration,
    look: Arc<Notify>,
    live: watch::Sender<Live>,
) {
    let (certificates, closed) = (remote.tls().cloned(), live.clone());
    let look_after = async {
        match certificates {
            Some(tls) => tls.look_after().await,
            None => std::future::pending().await,
        }
    };
    let follower = Follower {
        remote,
        live,
        wanted: BTreeSet::new(),
        failed: BTreeSet::new(),
        connecting: JoinSet::new(),
        under_way: BTreeSet::new(),
        ended: look,
    };
    tokio::select! {
        () = follower.run(try_every) => {}
        () = look_after => {}
        () = closed.closed() => {}
    }
}

struct Follower {
    remote: Remote,
    live: watch::Sender<Live>,
    /// The addresses that the service has.
    wanted: BTreeSet<SocketAddr>,
    /// Addresses that could not be reached.
    failed: BTreeSet<SocketAddr>,
    connecting: JoinSet<(SocketAddr, Result<Target, Error>)>,
    under_way: BTreeSet<SocketAddr>,
    /// A connection ended, or a call found none.
    ended: Arc<Notify>,
}

impl Follower {
    async fn run(mut self, try_every: Duration) {
        let mut rounds = interval(try_every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut round, ended) = (0_u32, Arc::clone(&self.ended));
        loop {
            tokio::select! {
                _ = rounds.tick() => {
                    // A replica that is gone may have been replaced at another address.
                    if round.is_multiple_of(ROUNDS) || self.missing().next().is_some() {
                        self.look().await;
                    }
                    round = round.wrapping_add(1);
                    self.connect();
                }
                () = ended.notified() => {
                    sleep(A_MOMENT).await;
                    self.look().await;
                    self.connect();
                }
                Some(Ok((address, outcome))) = self.connecting.join_next() => {
                    self.take_over(address, outcome);
                }
            }
        }
    }

    fn tls(&self) -> Option<Arc<ClientTlsConfig>> {
        self.remote.tls().map(ClientTls::current)
    }

    /// The addresses without a connection, or without one under the present certificates.
    fn missing(&self) -> impl Iterator<Item = SocketAddr> {
        let (live, tls) = (Arc::clone(&self.live.borrow()), self.tls());
        let is_as_today = move |target: &Target| match (&target.tls, &tls) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let is_there = move |address: &SocketAddr| {
            let mut there = live.iter().filter(|target| target.address == *address);
            there.any(|target| !target.fate.is_lost() && is_as_today(target))
        };
        self.wanted.iter().filter(move |address| !is_there(address)).copied()
    }

    /// Resolves the addresses of the service. If that fails, the known ones stay.
    async fn look(&mut self) {
        let error = match timeout(LOOKUP_LIMIT, self.remote.addresses()).await {
            Ok(Ok(found)) if !found.is_empty() => {
                self.wanted = found.into_iter().collect();
                return self.tidy();
            }
            Ok(Ok(_)) => "it has none".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(host = self.remote.host(), error, "cannot learn a service's addresses");
        self.tidy();
    }

    /// Forgets connections that are lost, or lead to an old address.
    fn tidy(&self) {
        let keep = |target: &&Arc<Target>| {
            let is_wanted = self.wanted.contains(&target.address);
            if !is_wanted {
                target.fate.leave();
            }
            is_wanted && !target.fate.is_lost()
        };
        self.live.send_if_modified(|live| {
            let kept: Live = live.iter().filter(keep).cloned().collect();
            let is_other = kept.len() != live.len();
            *live = kept;
            is_other
        });
    }

    /// Starts to connect to the missing replicas.
    fn connect(&mut self) {
        let tls = self.tls();
        for address in self.missing().collect::<Vec<_>>() {
            if self.under_way.insert(address) {
                let (remote, tls) = (self.remote.clone(), tls.clone());
                let ended = Arc::clone(&self.ended);
                self.connecting.spawn(async move {
                    (address, Target::connect(&remote, address, tls, ended).await)
                });
            }
        }
    }

    /// Calls now use this connection instead of an older one to the same replica.
    fn take_over(&mut self, address: SocketAddr, outcome: Result<Target, Error>) {
        self.under_way.remove(&address);
        match outcome {
            Ok(target) => {
                if self.failed.remove(&address) {
                    tracing::info!(%address, "a replica is back");
                }
                self.live.send_modify(|live| {
                    let (old, others): (Vec<_>, Vec<_>) =
                        live.iter().cloned().partition(|target| target.address == address);
                    for target in old {
                        target.fate.leave();
                    }
                    *live = others.into_iter().chain([Arc::new(target)]).collect();
                });
            }
            Err(error) if self.failed.insert(address) => {
                tracing::warn!(%address, %error, "a replica cannot be reached");
            }
            Err(_) => {}
        }
    }
}
