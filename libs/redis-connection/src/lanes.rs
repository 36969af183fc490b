//! Lanes: connections that serve one call at a time. A wait for replicas or a disk blocks its
//! connection, so it must not happen on the shared one.

use std::sync::{Arc, Mutex, PoisonError};

use redis::{RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::arguments::Arguments;
use crate::confirmation::Confirmation;
use crate::evaluation::evaluation;
use crate::link::Link;
use crate::route::Route;
use crate::script::Script;
use crate::server::CONNECT_TIMEOUT;
use crate::{CallError, Words};

/// The maximum number of calls that wait at the same time. Further calls queue, up to their
/// deadline.
const LANES: usize = 32;

/// How many links are opened at the same time: more TLS handshakes at a time only delay each other, up to
/// the deadline of all.
const OPENINGS: usize = 4;

/// The lanes to one store.
pub(crate) struct Lanes {
    route: Arc<Route>,
    confirmation: Confirmation,
    /// Whether a primary without a replica confirms at once.
    needs_no_replica: bool,
    free: Semaphore,
    idle: Arc<Idle>,
    opening: Arc<Semaphore>,
}

/// Idle links, each with the generation of the shared link at the time it was opened.
#[derive(Default)]
struct Idle(Mutex<Vec<(u64, Link)>>);

impl Idle {
    /// An idle link at least as new as the shared link of that generation.
    fn take(&self, generation: u64) -> Option<Link> {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|(opened_under, _)| *opened_under >= generation);
        links.pop().map(|(_, link)| link)
    }

    fn lacks_links(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() < OPENINGS
    }

    fn put(&self, generation: u64, link: Link) {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() < LANES {
            links.push((generation, link));
        }
    }
}

/// A permit to use one lane.
pub(crate) struct Lane<'a> {
    lanes: &'a Lanes,
    _leave: SemaphorePermit<'a>,
}

impl Lanes {
    pub(crate) fn new(route: Arc<Route>, confirmation: Confirmation) -> Self {
        let (free, opening) = (Semaphore::new(LANES), Arc::new(Semaphore::new(OPENINGS)));
        let idle = Arc::default();
        Self { route, confirmation, needs_no_replica: false, free, idle, opening }
    }

    /// Lanes whose calls wait for one replica where the primary has any.
    pub(crate) fn acknowledged(route: Arc<Route>) -> Self {
        let one = Confirmation::Replicas { number: 1, within: Confirmation::LONGEST };
        Self { needs_no_replica: true, ..Self::new(route, one) }
    }

    /// Waits for a free lane.
    pub(crate) async fn enter(&self) -> Lane<'_> {
        let leave = self.free.acquire().await.expect("the semaphore is never closed");
        Lane { lanes: self, _leave: leave }
    }

    /// A link at least as new as the shared link of that generation. An older one may lead to a
    /// former primary.
    ///
    /// A call that ends at its deadline leaves the link that it opens to the next call. Else, in a burst
    /// whose TLS handshakes take longer than a deadline, no call would ever get one.
    async fn link(&self, generation: u64) -> Result<Link, CallError> {
        if let Some(link) = self.idle.take(generation) {
            return Ok(link);
        }
        let (route, idle) = (Arc::clone(&self.route), Arc::clone(&self.idle));
        let opening = Arc::clone(&self.opening);
        let (to_call, opened) = oneshot::channel();
        tokio::spawn(async move {
            let _one = opening.acquire().await;
            if to_call.is_closed() && !idle.lacks_links() {
                return;
            }
            if let Err(Ok((link, _))) = to_call.send(route.connect(CONNECT_TIMEOUT).await) {
                idle.put(generation, link);
            }
        });
        // The task ends without a word only with its runtime.
        let opened = opened.await.map_err(|_| CallError::Deadline)?;
        Ok(opened.map_err(|outage| CallError::Down(Arc::new(outage)))?.0)
    }

    /// Whether calls about this key wait.
    async fn waits(&self, link: &mut Link, key: &str) -> RedisResult<bool> {
        if !self.needs_no_replica {
            return Ok(true);
        }
        let mut info = redis::cmd("INFO");
        info.arg("replication");
        let (info, _) = link.query_both(key, info, self.confirmation.probe()).await?;
        let info: String = redis::from_redis_value(info.extract_error()?)?;
        Ok(!info.contains("connected_slaves:0"))
    }
}

impl Lane<'_> {
    /// Runs a script and returns its reply only once it is confirmed.
    pub(crate) async fn send(
        self,
        generation: u64,
        script: &Script,
        keys: &[String],
        arguments: &Arguments,
    ) -> Result<Words, CallError> {
        let Self { lanes, _leave } = self;
        let mut link = lanes.link(generation).await?;
        let key = keys.first().expect("every script has a key");
        let [by_hash, in_full] = script.commands;
        let by_hash = evaluation(by_hash, &script.hash, keys, arguments);
        let waits = lanes.waits(&mut link, key).await?;
        let confirm = || if waits { lanes.confirmation.wait() } else { lanes.confirmation.probe() };
        let mut replies = link.query_both(key, by_hash, confirm()).await?;
        if matches!(&replies.0, Value::ServerError(error)
            if error.kind() == Some(ServerErrorKind::NoScript))
        {
            let whole = evaluation(in_full, script.source, keys, arguments);
            replies = link.query_both(key, whole, confirm()).await?;
        }
        // A link is put back only after its replies arrived; a cancelled call drops it.
        lanes.idle.put(generation, link);
        let (reply, confirmation) = replies;
        let words = redis::from_redis_value(reply.extract_error()?).map_err(RedisError::from)?;
        let is_in = lanes.confirmation.is_in(confirmation.extract_error()?)?;
        if is_in || !waits { Ok(words) } else { Err(CallError::Unconfirmed) }
    }
}
