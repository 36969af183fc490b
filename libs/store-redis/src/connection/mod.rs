//! The way to Redis: one multiplexed connection that comes up again by itself, a deadline for every
//! call, and scripts by their hash. Calls that wait for a confirmation have lanes beside it.
//!
//! | to learn | read |
//! | --- | --- |
//! | which URLs there are, and who is let in | [`address`] |
//! | what a server must be | [`checks`] |
//! | what is waited for before an outcome is told | [`confirmation`], `lanes` |
//! | when callers wait, and when they are refused at once | `breaker` |
//! | how far the store's clock is from this host's | [`skew`] |
//! | how a link comes up, for each topology | `route`, `sentinel`, `server` |

pub mod address;
mod breaker;
pub mod checks;
pub mod confirmation;
mod lanes;
mod link;
pub mod observer;
mod outage;
mod route;
mod sentinel;
mod server;
pub mod skew;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clock::Clock;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::address::{Access, Address, AddressError};
use self::breaker::Breaker;
use self::checks::{Checks, Demands};
use self::confirmation::Confirmation;
use self::lanes::Lanes;
use self::link::{Fault, Link};
use self::observer::Observer;
use self::outage::Outage;
use self::route::Route;
use self::skew::Skew;
use crate::arguments::Arguments;
use crate::scripts::Script;

/// What one call to Redis may take, reconnecting included: Redis' share of a verification's
/// deadline.
const DEADLINE: Duration = Duration::from_millis(300);

/// How long to wait before a key that moves is asked for again.
const A_MOMENT: Duration = Duration::from_millis(10);

/// How long a link may owe a reply before that says something of it: longer than any confirmation is
/// waited for. Who queued for a lane first has had less time.
const SLOW: Duration = Duration::from_millis(250);

/// How long a start waits to learn what Redis is.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// Why a call to Redis gave no reply. A script may have run all the same, unless Redis said that it
/// refused it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no reply within {} ms", DEADLINE.as_millis())]
    Deadline,
    #[error("{0}")]
    Down(Arc<Outage>),
    #[error("{0}")]
    Redis(#[from] RedisError),
    /// The script ran, and what came of it must not be told.
    #[error("the outcome was not confirmed in time")]
    Unconfirmed,
}

impl CallError {
    /// What went wrong, in one word.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Deadline => "timeout",
            Self::Down(_) => "down",
            Self::Redis(_) => "redis",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// What it says about the link.
    fn fault(&self) -> Fault {
        match self {
            Self::Deadline => Fault::Slow,
            Self::Down(_) => Fault::Lost,
            Self::Redis(error) => Fault::of(error),
            Self::Unconfirmed => Fault::Refused,
        }
    }
}

/// What is wrong with a Redis, and what to change.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct UnfitError(pub Vec<String>);

/// A connection that many callers share.
#[derive(Clone)]
pub struct Connection {
    breaker: Arc<Breaker>,
    /// For calls that wait for a confirmation, where one is asked for.
    lanes: Option<Arc<Lanes>>,
    observer: Option<Observer>,
}

/// A script's reply.
type Words = Vec<Vec<u8>>;

impl Connection {
    /// Begins to connect, inside a runtime. Redis need not be there yet, so that a service can start
    /// before it; until it comes, calls fail at once.
    /// The observer hears of each call when it has ended.
    pub fn open(
        address: &Address,
        access: Access,
        checks: Checks,
        confirmation: Option<Confirmation>,
        observer: Option<Observer>,
    ) -> Result<Self, AddressError> {
        // Redis' client takes whichever provider the process has; one is set already where another
        // connection was opened first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let route = Arc::new(Route::new(address, access)?);
        let lanes =
            confirmation.map(|confirmation| Arc::new(Lanes::new(Arc::clone(&route), confirmation)));
        let breaker = Arc::new(Breaker::new(route, Demands { checks, confirmation }));
        Ok(Self { breaker, lanes, observer })
    }

    /// Looks at Redis for the first time: an error if it is there and its checks fail.
    pub async fn first_look(&self) -> Result<(), UnfitError> {
        match timeout(FIRST_LOOK, self.breaker.link()).await {
            Ok(Err(outage)) => match &*outage {
                Outage::Unfit(complaints) => Err(UnfitError(complaints.clone())),
                Outage::Unreachable(_) => Ok(()),
            },
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    /// Whether Redis serves, from now on.
    pub fn serves(&self) -> watch::Receiver<bool> {
        self.breaker.serves()
    }

    /// How far the store's clock is from this host's; of several primaries, the one that is furthest
    /// away. `None` if the store gives no answer: that is an outage, and says nothing about clocks.
    pub async fn skew(&self, clock: &dyn Clock) -> Option<Skew> {
        let (_, mut link) = self.breaker.link().await.ok()?;
        let asked_at = clock.now();
        let times = timeout(DEADLINE, link.times()).await.ok()?.ok()?;
        // The server read its clock somewhere on the way: half of it is the best guess.
        let read_at = asked_at + clock.now().since(asked_at) / 2;
        times.into_iter().map(|time| Skew::between(read_at, time)).max_by_key(Skew::size)
    }

    /// Whether outcomes are confirmed before they are told.
    pub(crate) const fn confirms(&self) -> bool {
        self.lanes.is_some()
    }

    /// Runs a script on one key.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        let call = self.call(None, script, key, arguments);
        observer::observed(self.observer.as_ref(), script, call).await
    }

    /// Runs a script on one key. What came of it is told once it is confirmed, if that is asked for.
    pub(crate) async fn run_confirmed(
        &self,
        script: &Script,
        key: &str,
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        let call = self.call(self.lanes.as_deref(), script, key, arguments);
        observer::observed(self.observer.as_ref(), script, call).await
    }

    /// Where the link is lost under way the script is sent again, once: it answers the same call the
    /// same way.
    async fn call(
        &self,
        lanes: Option<&Lanes>,
        script: &Script,
        key: &str,
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
                    Some(lane) => lane.send(generation, script, key, arguments).await,
                    None => send(&mut link, script, key, arguments).await.map_err(CallError::from),
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
                    // Redis' client follows such a key, and now and then gives up: it announces a
                    // call to the key's next server by a command of its own, and another caller's
                    // call can come between the two. It is over in a moment.
                    (Fault::Moving, _) => {
                        sleep(A_MOMENT).await;
                        continue;
                    }
                    // One node of a cluster is not all of it, and its client has tried again.
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

/// Sends a script by its hash, or whole where the server does not know it yet: a script that is
/// refused as unknown has not run.
async fn send(
    link: &mut Link,
    script: &Script,
    key: &str,
    arguments: &Arguments,
) -> Result<Words, RedisError> {
    match link.query(&evaluation("EVALSHA", &script.hash, key, arguments)).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            link.query(&evaluation("EVAL", script.source, key, arguments)).await
        }
        outcome => outcome,
    }
}

/// The command that runs a script on one key.
fn evaluation(command: &str, script: &str, key: &str, arguments: &Arguments) -> Cmd {
    let (count, bytes) = arguments.size();
    let mut evaluation =
        Cmd::with_capacity(4 + count, command.len() + script.len() + 1 + key.len() + bytes);
    evaluation.arg(command);
    evaluation.arg(script).arg(1).arg(key).arg(arguments);
    evaluation
}
