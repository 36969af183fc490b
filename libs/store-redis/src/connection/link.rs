//! A connection that is up, to one server or to all of a cluster.

use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{Cmd, FromRedisValue, RedisError, RedisResult, Value};

/// A connection that many callers share: commands of all of them travel on it at the same time.
#[derive(Clone)]
pub(super) enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    /// Sends a command to the server that has its key.
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Node(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    /// What every primary says of itself.
    pub(super) async fn describe(&mut self) -> RedisResult<Vec<String>> {
        let command = redis::cmd("INFO");
        match self {
            Self::Node(connection) => Ok(vec![command.query_async(connection).await?]),
            Self::Cluster(connection) => {
                let everywhere =
                    RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let Value::Map(replies) = connection.route_command(command, everywhere).await?
                else {
                    return Err(RedisError::from((redis::ErrorKind::Parse, "no map of nodes")));
                };
                replies.into_iter().map(|(_, reply)| Ok(redis::from_redis_value(reply)?)).collect()
            }
        }
    }
}

/// What an error of Redis says about the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is of no use any more, or leads to a server that does not serve.
    Lost,
    /// No reply in time: it may be of no use.
    Slow,
    /// None: the key is on its way to another server, and nothing was run.
    Moving,
    /// None: the server answered, and will not do it.
    Refused,
}

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        use redis::{ErrorKind, ServerErrorKind};
        if error.is_timeout() {
            return Self::Slow;
        }
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::Parse
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::ReadOnly
                | ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown,
            ) => Self::Lost,
            ErrorKind::Server(
                ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain,
            ) => Self::Moving,
            _ => Self::Refused,
        }
    }
}
