//! The outbox of notices: each operation of the port as one call of its script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use codes::ids::ApplicationId;
use notices::notice::NoticeId;
use notices::outbox::{Backlog, Entry, LEASE, Outbox, OutboxError, REFUSALS_COUNT, Settlement};

use crate::keys;
use crate::reply::{Reply, Unreadable};
use crate::scripts;
use redis_connection::Arguments;
use redis_connection::Script;
use redis_connection::{CallError, Connection, Words};

/// Keeps notices in Redis.
pub struct RedisOutbox {
    connection: Connection,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisOutbox {
    /// An outbox behind this connection, at the server's own time.
    pub const fn new(connection: Connection) -> Self {
        Self { connection, clock: None }
    }

    /// An outbox at an injected time, for tests.
    pub fn with_clock(connection: Connection, clock: Arc<dyn Clock>) -> Self {
        Self { connection, clock: Some(clock) }
    }

    /// The arguments that open every call.
    fn opening(&self) -> Arguments {
        let now = self.clock.as_ref().map(|clock| clock.now().unix_millis());
        Arguments::default().maybe_number(now)
    }

    /// Runs a script. Sent again where a reply is lost, each has its effect once, but a take: what the lost
    /// reply named is due again when its lease ends.
    async fn run(
        &self,
        script: &Script,
        application: &ApplicationId,
        arguments: Arguments,
        expected: &str,
    ) -> Result<Reply, OutboxError> {
        let keys = keys::notices(application);
        read(self.connection.run(script, &keys, &arguments).await, expected)
    }
}

/// Reads a reply that begins with that word.
fn read(words: Result<Words, CallError>, expected: &str) -> Result<Reply, OutboxError> {
    let mut reply = Reply::new(words.map_err(|fault| OutboxError(fault.to_string()))?);
    if reply.word()? == expected { Ok(reply) } else { Err(Unreadable.into()) }
}

fn entry(reply: &mut Reply) -> Result<Entry, Unreadable> {
    Ok(Entry {
        id: NoticeId::parse(&reply.word()?).ok_or(Unreadable)?,
        sealed: reply.bytes()?,
        attempts: reply.number()?,
        written_at: reply.instant()?,
        age: Duration::from_millis(reply.number()?),
    })
}

impl From<Unreadable> for OutboxError {
    fn from(unreadable: Unreadable) -> Self {
        Self(unreadable.to_string())
    }
}

#[async_trait]
impl Outbox for RedisOutbox {
    async fn write(
        &self,
        application: &ApplicationId,
        id: &NoticeId,
        sealed: Vec<u8>,
    ) -> Result<(), OutboxError> {
        let arguments = self.opening().bytes(id.as_str()).bytes(sealed);
        let keys = keys::notices(application);
        // A code that is returned must not be without its notice: both are as durable.
        let script = &scripts::NOTICE_WRITE;
        let words = self.connection.run_confirmed(script, &keys, &arguments).await;
        read(words, "written").map(|_| ())
    }

    async fn take(
        &self,
        application: &ApplicationId,
        limit: usize,
    ) -> Result<Vec<Entry>, OutboxError> {
        let arguments = self.opening().number(limit).number(LEASE.as_millis());
        let mut reply = self.run(&scripts::NOTICE_TAKE, application, arguments, "taken").await?;
        let mut entries = Vec::new();
        while !reply.is_over() {
            entries.push(entry(&mut reply)?);
        }
        Ok(entries)
    }

    async fn settle(
        &self,
        application: &ApplicationId,
        (id, attempts): (&NoticeId, u32),
        settlement: Settlement,
    ) -> Result<(), OutboxError> {
        let (word, pause) = match settlement {
            Settlement::Delivered => ("delivered", Duration::ZERO),
            Settlement::Failed(pause) => ("failed", pause),
            Settlement::Dead => ("dead", REFUSALS_COUNT),
        };
        let arguments = self.opening().bytes(id.as_str()).number(attempts).bytes(word);
        let arguments = arguments.number(pause.as_millis());
        self.run(&scripts::NOTICE_SETTLE, application, arguments, "settled").await.map(|_| ())
    }

    async fn backlog(&self, application: &ApplicationId) -> Result<Backlog, OutboxError> {
        let script = &scripts::NOTICE_BACKLOG;
        let mut reply = self.run(script, application, self.opening(), "backlog").await?;
        Ok(Backlog {
            waiting: reply.number()?,
            lag: Duration::from_millis(reply.number()?),
            suspended_until: reply.maybe_instant()?,
        })
    }

    async fn suspend(
        &self,
        application: &ApplicationId,
        duration: Duration,
    ) -> Result<(), OutboxError> {
        let arguments = self.opening().number(duration.as_millis());
        let script = &scripts::NOTICE_SUSPEND;
        self.run(script, application, arguments, "suspended").await.map(|_| ())
    }
}
