//! The store of waiting journeys: each operation of the port as one call of its script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use journeys::ids::SessionKey;
use journeys::ports::{Advance, JourneyStore, StoreFault, Stored};

use crate::calls::Calls;
use crate::keys;
use crate::reply::{Reply, Unreadable};
use crate::scripts;
use redis_connection::Arguments;
use redis_connection::Connection;
use redis_connection::Script;

/// Keeps waiting journeys in Redis.
pub struct RedisJourneyStore {
    connection: Connection,
    key: fn(&SessionKey) -> String,
    calls: Calls,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisJourneyStore {
    /// A store over this connection, with the server's own clock.
    pub fn new(connection: Connection) -> Self {
        Self { connection, key: keys::session, calls: Calls::default(), clock: None }
    }

    /// A store of the sessions at the console. They are kept as waiting journeys are, apart from them.
    pub fn of_console(connection: Connection) -> Self {
        Self { key: keys::console, ..Self::new(connection) }
    }

    /// The same store with an injected clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The arguments that every script starts with.
    fn opening(&self) -> Arguments {
        let now = self.clock.as_ref().map(|clock| clock.now().unix_millis());
        Arguments::default().maybe_number(now).bytes(self.calls.next())
    }

    /// Runs a script and returns the first word of its reply.
    async fn run(
        &self,
        script: &Script,
        key: &SessionKey,
        arguments: Arguments,
    ) -> Result<(String, Reply), StoreFault> {
        let words = self.connection.run(script, &[(self.key)(key)], &arguments).await;
        let mut reply = Reply::new(words.map_err(|fault| StoreFault(fault.to_string()))?);
        Ok((reply.word()?, reply))
    }
}

impl From<Unreadable> for StoreFault {
    fn from(unreadable: Unreadable) -> Self {
        Self(unreadable.to_string())
    }
}

#[async_trait]
impl JourneyStore for RedisJourneyStore {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault> {
        let arguments = self.opening().bytes(body).number(lifetime.as_millis());
        match self.run(&scripts::SESSION_CREATE, key, arguments).await?.0.as_str() {
            "created" => Ok(()),
            "taken" => Err(StoreFault("the session's key is taken".to_owned())),
            _ => Err(Unreadable.into()),
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        let (word, mut reply) = self.run(&scripts::SESSION_LOAD, key, self.opening()).await?;
        match word.as_str() {
            "loaded" => {
                let version = reply.number()?;
                Ok(Some(Stored { version, body: reply.bytes()? }))
            }
            "gone" => Ok(None),
            _ => Err(Unreadable.into()),
        }
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        let arguments = self
            .opening()
            .number(expected)
            .bytes(body)
            .maybe_number(lifetime.map(|lifetime| lifetime.as_millis()));
        match self.run(&scripts::SESSION_ADVANCE, key, arguments).await?.0.as_str() {
            "advanced" => Ok(Advance::Advanced),
            "outrun" => Ok(Advance::Outrun),
            "gone" => Ok(Advance::Gone),
            _ => Err(Unreadable.into()),
        }
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        match self.run(&scripts::SESSION_END, key, self.opening()).await?.0.as_str() {
            "ended" => Ok(()),
            _ => Err(Unreadable.into()),
        }
    }
}
