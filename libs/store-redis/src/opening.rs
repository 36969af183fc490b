//! Calls of the scripts that `opening.lua` begins.

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Timestamp};
use codes::store::StoreError;
use redis_connection::{Arguments, CallError, Connection, Script, Words};

use crate::calls::Calls;
use crate::reply::{Reply, Unreadable};

/// What a test puts in place of the server's own time and history.
pub struct Injected {
    /// The time to live by.
    pub clock: Arc<dyn Clock>,
    /// What to add to the fence, as hexadecimal digits: a change stands for a promotion.
    pub fence: Box<dyn Fn() -> String + Send + Sync>,
}

/// Makes the calls of one store.
pub(crate) struct OpenedCalls {
    connection: Connection,
    ids: Calls,
    injected: Option<Injected>,
}

impl OpenedCalls {
    /// Calls over this connection, at the server's own time.
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, ids: Calls::default(), injected: None }
    }

    /// The same calls at an injected time.
    pub(crate) fn at(self, injected: Injected) -> Self {
        Self { injected: Some(injected), ..self }
    }

    /// The arguments that open a call of [`run`](Self::run).
    pub(crate) fn opening(&self, asked_at: Timestamp) -> Arguments {
        self.opening_of(asked_at, self.connection.confirms())
    }

    /// The arguments that open a call of [`run_acknowledged`](Self::run_acknowledged).
    pub(crate) fn acknowledged_opening(&self, asked_at: Timestamp) -> Arguments {
        self.opening_of(asked_at, true)
    }

    /// A call whose outcome is confirmed writes in any case.
    fn opening_of(&self, asked_at: Timestamp, is_confirmed: bool) -> Arguments {
        let injected = self.injected.as_ref();
        let confirmed = if is_confirmed { "confirmed" } else { "" };
        Arguments::default()
            .number(asked_at.unix_millis())
            .maybe_number(injected.map(|injected| injected.clock.now().unix_millis()))
            .bytes(injected.map(|injected| (injected.fence)()).unwrap_or_default())
            .bytes(self.ids.next())
            .bytes(confirmed)
    }

    /// Runs a script and takes the first word of its reply.
    pub(crate) async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: Arguments,
    ) -> Result<(String, Reply), StoreError> {
        opened(self.connection.run_confirmed(script, keys, &arguments).await)
    }

    /// Does the same for what must not be lost with the primary: a replica has it, where there is one.
    pub(crate) async fn run_acknowledged(
        &self,
        script: &Script,
        keys: &[String],
        arguments: Arguments,
    ) -> Result<(String, Reply), StoreError> {
        opened(self.connection.run_acknowledged(script, keys, &arguments).await)
    }
}

/// The first word of a script's reply, and the rest.
pub(crate) fn opened(words: Result<Words, CallError>) -> Result<(String, Reply), StoreError> {
    let mut reply = Reply::new(words.map_err(|fault| StoreError::Unavailable(fault.to_string()))?);
    let word = reply.word()?;
    if word == "skewed" {
        return Err(StoreError::Skewed(Duration::from_millis(reply.number()?)));
    }
    Ok((word, reply))
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unavailable(unreadable.to_string())
    }
}
