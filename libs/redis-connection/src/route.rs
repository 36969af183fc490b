//! How a link is established in each topology.

use std::time::Duration;

use redis::Client;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::io::tcp::TcpSettings;

use crate::DEADLINE;
use crate::address::{Access, Address, AddressError, Topology};
use crate::checks::REPLICA;
use crate::link::Link;
use crate::outage::Outage;
use crate::sentinel::Sentinels;
use crate::server::{CONNECT_TIMEOUT, Peer, primary};

/// How often the cluster client retries a command. Following MOVED and ASK counts as a retry. Every
/// script may be sent twice.
const CLUSTER_RETRIES: u32 = 3;

/// The servers of one topology.
pub(crate) enum Route {
    Standalone(Client),
    Sentinel(Sentinels),
    Cluster(ClusterClient),
}

impl Route {
    pub(crate) fn new(address: &Address, access: Access) -> Result<Self, AddressError> {
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

    /// Establishes a link, each connection within the limit; the cluster client has limits of its own.
    /// With sentinels, also returns the server it leads to.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<(Link, Option<Peer>), Outage> {
        match self {
            Self::Standalone(client) => match primary(client, limit).await? {
                Some(connection) => Ok((Link::Node(connection), None)),
                None => Err(Outage::Unfit(vec![REPLICA.to_owned()])),
            },
            Self::Sentinel(sentinels) => {
                let (connection, peer) = sentinels.connect(limit).await?;
                Ok((Link::Node(connection), Some(peer)))
            }
            Self::Cluster(client) => {
                let config = redis::cluster::ClusterConfig::new();
                let connection = client.get_async_connection_with_config(config).await?;
                Ok((Link::Cluster(connection), None))
            }
        }
    }

    /// Waits until the sentinels report a primary other than this one.
    pub(crate) async fn has_moved(&self, peer: Option<&Peer>) {
        match (self, peer) {
            (Self::Sentinel(sentinels), Some(peer)) => sentinels.has_moved(peer).await,
            _ => std::future::pending().await,
        }
    }
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
