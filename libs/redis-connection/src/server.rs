//! A connection to one server, and whether that server is a primary.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};

use crate::DEADLINE;

/// The limit for one connection. [`Pace`](crate::pace::Pace) doubles it after late attempts.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// A server's host and port.
pub(crate) type Peer = (String, u16);

/// Connects to a server that serves; `None` if it is a replica.
pub(crate) async fn primary(
    client: &Client,
    limit: Duration,
) -> RedisResult<Option<MultiplexedConnection>> {
    let mut connection = connect(client, limit).await?;
    // A server that is loading its data or is paused does not answer the first command. The second
    // tells a replica from a primary.
    let mut greeting = redis::pipe();
    greeting.cmd("PING").ignore().cmd("ROLE");
    let (role,): (Vec<redis::Value>,) = greeting.query_async(&mut connection).await?;
    let role = role.into_iter().next().map(redis::from_redis_value::<String>);
    Ok(matches!(role, Some(Ok(role)) if role == "master").then_some(connection))
}

pub(crate) async fn connect(
    client: &Client,
    limit: Duration,
) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(DEADLINE));
    client.get_multiplexed_async_connection_with_config(&config).await
}
