//! The connection to Redis: one multiplexed link that reconnects by itself, a deadline for every
//! call, and scripts called by their hash. Calls that wait for a confirmation use separate lanes.
//!
//! | to learn | read |
//! | --- | --- |
//! | URL forms and credentials | [`address`] |
//! | requirements for a server | [`checks`] |
//! | durability before an outcome is returned | [`confirmation`], `lanes` |
//! | when calls wait and when they fail at once | `breaker` |
//! | clock skew between the store and this host | [`skew`] |
//! | how a link is established in each topology | `route`, `sentinel`, `server` |

pub mod address;
mod arguments;
mod breaker;
pub mod checks;
pub mod confirmation;
mod error;
mod evaluation;
mod lanes;
mod link;
pub mod observer;
mod outage;
mod pace;
mod rights;
mod route;
mod script;
mod sentinel;
mod server;
pub mod skew;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clock::Clock;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::address::{Access, Address, AddressError};
use self::breaker::Breaker;
use self::checks::{Checks, Demands};
use self::confirmation::Confirmation;
use self::evaluation::send;
use self::lanes::Lanes;
use self::link::{Fault, Link};
use self::observer::Observer;
use self::route::Route;
use self::skew::Skew;

pub use self::arguments::Arguments;
pub use self::error::CallError;
pub use self::outage::Outage;
pub use self::script::Script;

/// The deadline of one call to Redis, reconnecting included: Redis' share of a verification's
/// deadline.
pub(crate) const DEADLINE: Duration = Duration::from_millis(300);

/// The pause before a call is retried whose key is moving between servers.
const A_MOMENT: Duration = Duration::from_millis(10);

/// The time without a reply after which a link counts as slow. It is longer than any confirmation
/// takes. The time a call spent in the queue for a lane does not count.
const SLOW: Duration = Duration::from_millis(250);

/// How long the start waits for Redis. Longer than a network that enforces policies takes to admit
/// a new pod: one that reports at its first probe that it is not ready waits for the next one.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// The complaints about a Redis, each with what to change.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct UnfitError(pub Vec<String>);

/// A connection that many callers share.
#[derive(Clone)]
pub struct Connection {
    breaker: Arc<Breaker>,
    /// The lanes of calls that wait for a confirmation, if one is configured.
    lanes: Option<Arc<Lanes>>,
    /// The lanes of calls that wait as configured, or else for a replica where there is one.
    acknowledged: Arc<Lanes>,
    observer: Option<Observer>,
}

/// A script's reply.
pub type Words = Vec<Vec<u8>>;

impl Connection {
    /// Starts to connect. Must be called inside a runtime. A service can start before Redis: until
    /// Redis is up, calls fail at once. The observer is told of each call when it has ended.
    ///
    /// # Errors
    /// [`AddressError::NoTls`] if certificates are given for a URL without TLS,
    /// [`AddressError::Certificates`] if they cannot be read.
    pub fn open(
        address: &Address,
        access: Access,
        checks: Checks,
        confirmation: Option<Confirmation>,
        observer: Option<Observer>,
    ) -> Result<Self, AddressError> {
        // The Redis client uses the process-wide provider. An earlier connection may have installed
        // it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let route = Arc::new(Route::new(address, access)?);
        let lanes =
            confirmation.map(|confirmation| Arc::new(Lanes::new(Arc::clone(&route), confirmation)));
        let acknowledged =
            lanes.clone().unwrap_or_else(|| Arc::new(Lanes::acknowledged(Arc::clone(&route))));
        let breaker = Arc::new(Breaker::new(route, Demands { checks, confirmation }));
        Ok(Self { breaker, lanes, acknowledged, observer })
    }

    /// Waits a short time for Redis. Fails only if Redis is up and its checks fail.
    ///
    /// # Errors
    /// Redis is reachable, and fails its checks.
    pub async fn first_look(&self) -> Result<(), UnfitError> {
        match timeout(FIRST_LOOK, self.breaker.decided()).await {
            Ok(Err(outage)) => match &*outage {
                Outage::Unfit(complaints) => Err(UnfitError(complaints.clone())),
                Outage::Unreachable(_) => Ok(()),
            },
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Whether Redis serves, with all later changes.
    pub fn serves(&self) -> watch::Receiver<bool> {
        self.breaker.serves()
    }

    /// The skew between the store's clock and this host's; of several primaries, the largest.
    /// `None` if the store gives no answer, since an outage says nothing about clocks.
    pub async fn skew(&self, clock: &dyn Clock) -> Option<Skew> {
        let (_, mut link) = self.breaker.link().await.ok()?;
        let asked_at = clock.now();
        let times = timeout(DEADLINE, link.times()).await.ok()?.ok()?;
        // The server read its clock during the round trip: the midpoint is the best estimate.
        let read_at = asked_at + clock.now().since(asked_at) / 2;
        times.into_iter().map(|time| Skew::between(read_at, time)).max_by_key(Skew::size)
    }

    /// Whether outcomes are confirmed before they are returned.
    pub const fn confirms(&self) -> bool {
        self.lanes.is_some()
    }

    /// Runs a script on keys of one slot.
    ///
    /// # Errors
    /// [`CallError`]: there is no reply, or it must not be returned.
    pub async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        self.observed(None, script, keys, arguments).await
    }

    /// Runs a script on keys of one slot and returns the outcome once it is confirmed, if that is
    /// configured.
    ///
    /// # Errors
    /// [`CallError`]: there is no reply, or it must not be returned.
    pub async fn run_confirmed(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        self.observed(self.lanes.as_deref(), script, keys, arguments).await
    }

    /// Runs a script on keys of one slot and returns the outcome once it is confirmed as configured, or
    /// else once a replica has it, where there is one.
    ///
    /// # Errors
    /// [`CallError`]: there is no reply, or it must not be returned.
    pub async fn run_acknowledged(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        self.observed(Some(&self.acknowledged), script, keys, arguments).await
    }

    /// Runs the call and tells the observer of it.
    async fn observed(
        &self,
        lanes: Option<&Lanes>,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        let call = self.call(lanes, script, keys, arguments);
        observer::observed(self.observer.as_ref(), script, call).await
    }

    /// Runs the call. If the link is lost meanwhile, sends the script again, once: scripts are
    /// idempotent.
    async fn call(
        &self,
        lanes: Option<&Lanes>,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        let mut asked = None;
        let call = async {
            let mut is_last = false;
            loop {
                let (generation, mut link) = self.breaker.link().await.map_err(CallError::Down)?;
                let lane = match lanes {
                    Some(lanes) => Some(lanes.enter().await),
                    None => None,
                };
                asked = Some((generation, Instant::now()));
                let sent = match lane {
                    Some(lane) => lane.send(generation, script, keys, arguments).await,
                    None => send(&mut link, script, keys, arguments).await.map_err(CallError::from),
                };
                let error = match sent {
                    Ok(words) => {
                        self.breaker.answered();
                        return Ok(words);
                    }
                    Err(error) => error,
                };
                match (error.fault(), &link) {
                    (Fault::Refused, _) => {
                        self.breaker.answered();
                        return Err(error);
                    }
                    // The Redis client follows a moving key but sometimes gives up: it sends ASKING
                    // and the call as two commands, and a call of another task can come between
                    // them. A short pause is enough.
                    (Fault::Moving, _) => {
                        sleep(A_MOMENT).await;
                        continue;
                    }
                    // One lost node is not the whole cluster, and the cluster client has retried
                    // already.
                    (Fault::Slow, _) | (Fault::Lost, Link::Cluster(_)) => {
                        self.breaker.slow(generation);
                        return Err(error);
                    }
                    (Fault::Lost, Link::Node(_)) => self.breaker.lost(generation),
                }
                if std::mem::replace(&mut is_last, true) {
                    return Err(error);
                }
            }
        };
        let outcome = timeout(DEADLINE, call).await;
        outcome.unwrap_or_else(|_| {
            if let Some((generation, _)) = asked.filter(|(_, since)| since.elapsed() >= SLOW) {
                self.breaker.slow(generation);
            }
            Err(CallError::Deadline)
        })
    }
}
