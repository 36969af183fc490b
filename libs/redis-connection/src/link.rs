//! An established connection to one server or to a whole cluster.

use clock::Timestamp;
use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{
    MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr,
};
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, Value};

/// A connection. Clones share it and pipeline their commands on it.
#[derive(Clone)]
pub(crate) enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    /// Sends a command to the server that holds its key.
    pub(crate) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::Node(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }

    /// Sends two commands, one right after the other, to the primary of this key. The replies may
    /// be errors.
    pub(crate) async fn query_both(
        &mut self,
        key: &str,
        first: Cmd,
        second: Cmd,
    ) -> RedisResult<(Value, Value)> {
        let mut both = redis::pipe();
        both.add_command(first).add_command(second);
        let replies = match self {
            Self::Node(connection) => connection.send_packed_commands(&both, 0, 2).await?,
            Self::Cluster(connection) => {
                let primary = Route::with_key(key, SlotAddr::Master);
                let primary = SingleNodeRoutingInfo::SpecificNode(primary);
                connection.route_pipeline(both, 0, 2, primary).await?
            }
        };
        let replies: [Value; 2] = replies.try_into().map_err(|_| {
            RedisError::from((ErrorKind::UnexpectedReturnType, "two commands, not two replies"))
        })?;
        Ok(replies.into())
    }

    /// The clock of every primary.
    pub(crate) async fn times(&mut self) -> RedisResult<Vec<Timestamp>> {
        let times: Vec<(i64, i64)> = self.everywhere("TIME").await?;
        let millis = |(seconds, micros)| seconds * 1000 + micros / 1000;
        Ok(times.into_iter().map(millis).map(Timestamp::from_unix_millis).collect())
    }

    /// The `INFO` reply of every primary.
    pub(crate) async fn describe(&mut self) -> RedisResult<Vec<String>> {
        self.everywhere("INFO").await
    }

    /// Sends a command without a key to every primary.
    async fn everywhere<T: FromRedisValue>(&mut self, command: &str) -> RedisResult<Vec<T>> {
        let command = redis::cmd(command);
        match self {
            Self::Node(connection) => Ok(vec![command.query_async(connection).await?]),
            Self::Cluster(connection) => {
                let primaries = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let Value::Map(replies) = connection.route_command(command, primaries).await?
                else {
                    return Err(RedisError::from((ErrorKind::Parse, "no map of nodes")));
                };
                replies.into_iter().map(|(_, reply)| Ok(redis::from_redis_value(reply)?)).collect()
            }
        }
    }
}

/// What a Redis error means for the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The link is unusable, or leads to a server that does not serve.
    Lost,
    /// No reply in time: the link may be unusable.
    Slow,
    /// The link is fine. The key is moving to another server, and nothing was run.
    Moving,
    /// The link is fine. The server answered with a refusal.
    Refused,
}

impl Fault {
    pub(crate) fn of(error: &RedisError) -> Self {
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
