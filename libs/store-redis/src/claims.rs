//! The store of claims: each operation of the port as one call of its script.

use std::sync::Arc;

use async_trait::async_trait;
use clock::Clock;
use codes::claims::{Claim, ClaimStore};
use codes::digest::AttemptId;
use codes::record::Attempt;
use codes::store::StoreError;

use crate::keys;
use crate::opening::opened;
use crate::reply::Unreadable;
use crate::scripts;
use redis_connection::Arguments;
use redis_connection::Connection;

/// Keeps the claims of idempotency keys in Redis.
pub struct RedisClaimStore {
    connection: Connection,
    key: fn(&AttemptId) -> String,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisClaimStore {
    /// Claims in the Redis of codes.
    pub fn beside_codes(connection: Connection) -> Self {
        Self { connection, key: keys::code_claim, clock: None }
    }

    /// Claims in the Redis of journeys.
    pub fn beside_journeys(connection: Connection) -> Self {
        Self { connection, key: keys::journey_claim, clock: None }
    }

    /// The same store with an injected clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Runs the script and returns its one word. A call that is sent again because a reply was lost
    /// gets the same reply, since the claim already belongs to its request.
    async fn run(&self, act: &str, attempt: Attempt) -> Result<String, StoreError> {
        let Attempt { id, fingerprint } = attempt;
        let arguments = Arguments::default()
            .bytes(act)
            .bytes(fingerprint.as_bytes())
            .maybe_number(self.clock.as_ref().map(|clock| clock.now().unix_millis()));
        let words = self.connection.run(&scripts::CLAIM, &[(self.key)(&id)], &arguments).await;
        Ok(opened(words)?.0)
    }
}

#[async_trait]
impl ClaimStore for RedisClaimStore {
    async fn claim(&self, attempt: Attempt) -> Result<Claim, StoreError> {
        match self.run("claim", attempt).await?.as_str() {
            "held" => Ok(Claim::Held),
            "idle" => Ok(Claim::Idle),
            "taken" => Ok(Claim::Taken),
            _ => Err(Unreadable.into()),
        }
    }

    async fn settle_idle(&self, attempt: Attempt) -> Result<(), StoreError> {
        match self.run("settle_idle", attempt).await?.as_str() {
            "settled" => Ok(()),
            _ => Err(Unreadable.into()),
        }
    }
}
