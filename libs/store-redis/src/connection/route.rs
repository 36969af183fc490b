//! How a link comes up, for each topology.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, RedisResult};

use super::DEADLINE;
use super::address::{Access, Address, AddressError, Topology};
use super::breaker::Outage;
use super::checks::REPLICA;
use super::link::Link;
use super::sentinel::{Peer, Sentinels};

/// How long a connection attempt may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);

/// How often a cluster's client sends a command again: it is what follows MOVED and ASK. Every
/// script may be sent twice.
const CLUSTER_RETRIES: u32 = 3;

/// The way to the servers.
pub(super) enum Route {
    Standalone(Client),
    Sentinel(Sentinels),
    Cluster(ClusterClient),
}

impl Route {
    pub(super) fn new(address: &Address, access: Access) -> Result<Self, AddressError> {
        access.check(address)?;
        Ok(match &address.topology {
            Topology::Standalone => {
                let [node] = address.nodes.as_slice() else { return Err(AddressError::Url) };
                Self::Standalone(access.to_server(node.clone())?)
            }
            Topology::Sentinel(name) => {
                Self::Sentinel(Sentinels::new(name, address.nodes.clone(), access)?)
            }
            Topology::Cluster => Self::Cluster(cluster(address, &access)?),
        })
    }

    /// Brings a link up, and says which server is at its end where sentinels said so.
    pub(super) async fn connect(&self) -> Result<(Link, Option<Peer>), Outage> {
        match self {
            Self::Standalone(client) => match primary(client).await? {
                Some(connection) => Ok((Link::Node(connection), None)),
                None => Err(Outage::Unfit(vec![REPLICA.to_owned()])),
            },
            Self::Sentinel(sentinels) => {
                let (connection, peer) = sentinels.connect().await?;
                Ok((Link::Node(connection), Some(peer)))
            }
            Self::Cluster(client) => {
                let config = redis::cluster::ClusterConfig::new();
                let connection = client.get_async_connection_with_config(config).await?;
                Ok((Link::Cluster(connection), None))
            }
        }
    }

    /// Waits until the sentinels name another primary than this one.
    pub(super) async fn has_moved(&self, peer: Option<&Peer>) {
        match (self, peer) {
            (Self::Sentinel(sentinels), Some(peer)) => sentinels.has_moved(peer).await,
            _ => std::future::pending().await,
        }
    }
}

/// Connects to a server that serves; `None` if it is a replica.
pub(super) async fn primary(client: &Client) -> RedisResult<Option<MultiplexedConnection>> {
    let mut connection = connect(client).await?;
    // A server that is loading its data, or is paused, does not answer the first; a replica tells
    // itself from a primary by the second.
    let mut greeting = redis::pipe();
    greeting.cmd("PING").ignore().cmd("ROLE");
    let (role,): (Vec<redis::Value>,) = greeting.query_async(&mut connection).await?;
    let role = role.into_iter().next().map(redis::from_redis_value::<String>);
    Ok(matches!(role, Some(Ok(role)) if role == "master").then_some(connection))
}

pub(super) async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(DEADLINE));
    client.get_multiplexed_async_connection_with_config(&config).await
}

fn cluster(address: &Address, access: &Access) -> Result<ClusterClient, AddressError> {
    let nodes = address.nodes.iter().map(|node| {
        let client = access.to_server(node.clone())?;
        Ok(client.get_connection_info().clone())
    });
    let nodes = nodes.collect::<Result<Vec<_>, AddressError>>()?;
    let mut builder = ClusterClientBuilder::new(nodes)
        .retries(CLUSTER_RETRIES)
        .min_retry_wait(20)
        .max_retry_wait(100)
        .connection_timeout(CONNECT_TIMEOUT)
        .response_timeout(DEADLINE)
        .overall_response_timeout(Some(DEADLINE))
        .tcp_settings(TcpSettings::default().set_nodelay(true));
    if let Some(certificates) = access.certificates() {
        builder = builder.certs(certificates);
    }
    builder.build().map_err(|_| AddressError::Url)
}
