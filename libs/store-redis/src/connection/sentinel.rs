//! Sentinels: they report the primary, and a new one after a failover.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult};
use tokio::time::{sleep, timeout};

use super::address::{Access, AddressError};
use super::server::{CONNECT_TIMEOUT, Peer, connect, primary};

/// The interval at which sentinels are asked. A demoted primary refuses the first write; the
/// interval covers a primary that does not know yet that it was demoted.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The sentinels of one primary.
pub(super) struct Sentinels {
    name: String,
    nodes: Vec<Client>,
    /// The settings common to every server: all but host and port.
    server: ConnectionInfo,
    access: Access,
}

impl Sentinels {
    pub(super) fn new(
        name: &str,
        nodes: Vec<ConnectionInfo>,
        access: Access,
    ) -> Result<Self, AddressError> {
        let server = nodes.first().ok_or(AddressError::Url)?.clone();
        let sentinels =
            nodes.into_iter().map(|node| access.to_sentinel(node)).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), nodes: sentinels, server, access })
    }

    /// Connects to the primary that most sentinels report. Falls back to the next one: an isolated
    /// sentinel may report a former primary, now a replica or gone.
    pub(super) async fn connect(&self) -> RedisResult<(MultiplexedConnection, Peer)> {
        let mut last = RedisError::from((ErrorKind::Client, "no sentinel knows the primary"));
        for peer in self.named().await {
            let client = self.access.to_server(self.server.clone().set_addr(self.at(&peer)));
            let client = client.map_err(|_| {
                RedisError::from((ErrorKind::InvalidClientConfig, "certificates cannot be used"))
            })?;
            match primary(&client).await {
                Ok(Some(connection)) => return Ok((connection, peer)),
                Ok(None) => last = RedisError::from((ErrorKind::Client, "no primary elected yet")),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until most sentinels report a primary other than this one.
    pub(super) async fn has_moved(&self, from: &Peer) {
        loop {
            sleep(ASK_EVERY).await;
            if self.named().await.first().is_some_and(|named| named != from) {
                return;
            }
        }
    }

    /// The primaries that sentinels report, the most frequent first.
    async fn named(&self) -> Vec<Peer> {
        let answers = join_all(self.nodes.iter().map(|sentinel| self.ask(sentinel))).await;
        let mut voices = HashMap::<Peer, usize>::new();
        for peer in answers.into_iter().flatten() {
            *voices.entry(peer).or_default() += 1;
        }
        let mut named: Vec<_> = voices.into_iter().collect();
        named.sort_by_key(|(_, voices)| std::cmp::Reverse(*voices));
        named.into_iter().map(|(peer, _)| peer).collect()
    }

    async fn ask(&self, sentinel: &Client) -> Option<Peer> {
        let ask = async {
            let mut connection = connect(sentinel).await?;
            let mut question = redis::cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name);
            question.query_async::<Option<Peer>>(&mut connection).await
        };
        timeout(CONNECT_TIMEOUT, ask).await.ok()?.ok()?
    }

    fn at(&self, (host, port): &Peer) -> ConnectionAddr {
        let mut address = self.server.addr().clone();
        match &mut address {
            ConnectionAddr::Tcp(old_host, old_port)
            | ConnectionAddr::TcpTls { host: old_host, port: old_port, .. } => {
                old_host.clone_from(host);
                *old_port = *port;
            }
            _ => {}
        }
        address
    }
}
