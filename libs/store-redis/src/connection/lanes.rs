//! Lanes: connections that serve one call at a time. A wait for replicas or a disk blocks its
//! connection, so it must not happen on the shared one.

use std::sync::{Arc, Mutex, PoisonError};

use redis::{Cmd, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::confirmation::Confirmation;
use super::link::Link;
use super::route::Route;
use super::{CallError, Words, evaluation};
use crate::arguments::Arguments;
use crate::scripts::Script;

/// The maximum number of calls that wait at the same time. Further calls queue, up to their
/// deadline.
const LANES: usize = 32;

/// The lanes to one store.
pub(super) struct Lanes {
    route: Arc<Route>,
    confirmation: Confirmation,
    free: Semaphore,
    /// Idle links, each with the generation of the shared link at the time it was opened.
    idle: Mutex<Vec<(u64, Link)>>,
}

/// A permit to use one lane.
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    _leave: SemaphorePermit<'a>,
}

impl Lanes {
    pub(super) fn new(route: Arc<Route>, confirmation: Confirmation) -> Self {
        Self { route, confirmation, free: Semaphore::new(LANES), idle: Mutex::default() }
    }

    /// Waits for a free lane.
    pub(super) async fn enter(&self) -> Lane<'_> {
        let leave = self.free.acquire().await.expect("the semaphore is never closed");
        Lane { lanes: self, _leave: leave }
    }

    /// A link at least as new as the shared link of that generation. An older one may lead to a
    /// former primary.
    async fn link(&self, generation: u64) -> Result<Link, CallError> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|(opened_under, _)| *opened_under >= generation);
            idle.pop()
        };
        if let Some((_, link)) = idle {
            return Ok(link);
        }
        let opened = self.route.connect().await;
        Ok(opened.map_err(|outage| CallError::Down(Arc::new(outage)))?.0)
    }

    fn put_back(&self, generation: u64, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((generation, link));
    }

    /// Sends a command, followed immediately by the one that waits for its write.
    async fn both(&self, link: &mut Link, key: &str, command: Cmd) -> RedisResult<(Value, Value)> {
        link.query_both(key, command, self.confirmation.wait()).await
    }
}

impl Lane<'_> {
    /// Runs a script and returns its reply only once it is confirmed.
    pub(super) async fn send(
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
        let mut replies = lanes.both(&mut link, key, by_hash).await?;
        if matches!(&replies.0, Value::ServerError(error)
            if error.kind() == Some(ServerErrorKind::NoScript))
        {
            let whole = evaluation(in_full, script.source, keys, arguments);
            replies = lanes.both(&mut link, key, whole).await?;
        }
        // A link is put back only after its replies arrived; a cancelled call drops it.
        lanes.put_back(generation, link);
        let (reply, confirmation) = replies;
        let words = redis::from_redis_value(reply.extract_error()?).map_err(RedisError::from)?;
        let is_in = lanes.confirmation.is_in(confirmation.extract_error()?)?;
        if is_in { Ok(words) } else { Err(CallError::Unconfirmed) }
    }
}
