//! The way to a Redis server: one multiplexed connection that reconnects by itself, a deadline for
//! every call, and scripts by their hash.

use std::time::Duration;

use crate::scripts::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, IntoConnectionInfo as _, RedisError, ServerErrorKind};

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

/// A connection that many callers share.
#[derive(Clone)]
pub struct Connection {
    manager: ConnectionManager,
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
        Ok(Self { manager: manager.map_err(|_| UrlError)? })
    }

    /// Runs a script on one key by its hash, or whole where the server does not know it yet: a
    /// script that is refused as unknown has not run.
    pub(crate) async fn run(
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
