//! The way to a Redis server: one multiplexed connection that reconnects by itself, a deadline for
//! every call, and scripts by their hash.
//!
//! Each call is told of by the name of its script: its arguments are nobody else's business.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::scripts::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, IntoConnectionInfo as _, RedisError, ServerErrorKind};
use tracing::Instrument as _;
use tracing::field::Empty;

/// What one call to Redis may take, reconnecting included: Redis' share of a verification's
/// deadline.
const DEADLINE: Duration = Duration::from_millis(300);

/// How long a connection attempt may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// Why a Redis URL was refused.
#[derive(Debug, thiserror::Error)]
#[error("not a Redis URL such as redis://127.0.0.1:6379")]
pub struct UrlError;

/// Why a call to Redis gave no reply. A script may have run all the same, unless Redis said that it
/// refused it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no reply within {} ms", DEADLINE.as_millis())]
    Deadline,
    #[error("{0}")]
    Redis(#[from] RedisError),
}

impl CallError {
    /// What went wrong, in one word.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Deadline => "timeout",
            Self::Redis(_) => "redis",
        }
    }
}

/// One call to Redis, which has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The script's name.
    pub script: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// What went wrong, in one word.
    pub error: Option<&'static str>,
}

/// Hears of calls.
pub type Observer = Arc<dyn Fn(Call) + Send + Sync>;

/// A connection that many callers share.
#[derive(Clone)]
pub struct Connection {
    manager: ConnectionManager,
    observer: Option<Observer>,
}

impl Connection {
    /// Prepares a connection to `redis://[user:password@]host:port[/db]`. It is made at the first
    /// call and again whenever it is lost, so that a service can start before its Redis.
    pub fn open(url: &str) -> Result<Self, UrlError> {
        let info = url.into_connection_info().map_err(|_| UrlError)?;
        // Without it a reply waits for the acknowledgement of the one before.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(|_| UrlError)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(DEADLINE))
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(500));
        let manager = ConnectionManager::new_lazy_with_config(client, config);
        Ok(Self { manager: manager.map_err(|_| UrlError)?, observer: None })
    }

    /// Tells of each call when it has ended.
    #[must_use]
    pub fn observed(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Runs a script on one key by its hash, or whole where the server does not know it yet: a
    /// script that is refused as unknown has not run.
    pub(crate) async fn run(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, CallError> {
        // Spans of this target are exported where somebody asked for it.
        let span = tracing::info_span!(
            target: "trace",
            "redis",
            otel.name = format_args!("EVALSHA {}", script.name),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = "redis",
            db.operation.name = "EVALSHA",
            db.stored_procedure.name = script.name,
            "error.type" = Empty,
        );
        let started = Instant::now();
        let outcome = self.call(script, key, arguments).instrument(span.clone()).await;
        let error = outcome.as_ref().err().map(CallError::kind);
        if let Some(error) = error {
            span.record("otel.status_code", "ERROR").record("error.type", error);
        }
        if let Some(observer) = &self.observer {
            observer(Call { script: script.name, duration: started.elapsed(), error });
        }
        outcome
    }

    async fn call(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, CallError> {
        let call = async {
            match self.send(redis::cmd("EVALSHA").arg(&script.hash), key, arguments).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.send(redis::cmd("EVAL").arg(script.source), key, arguments).await
                }
                outcome => outcome,
            }
        };
        Ok(tokio::time::timeout(DEADLINE, call).await.map_err(|_| CallError::Deadline)??)
    }

    async fn send(
        &self,
        command: &mut Cmd,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, RedisError> {
        command.arg(1).arg(key).arg(arguments).query_async(&mut self.manager.clone()).await
    }
}
