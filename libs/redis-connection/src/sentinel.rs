//! Sentinels: they report the primary, and a new one after a failover.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult};
use tokio::time::{sleep, timeout};

use crate::address::{Access, AddressError};
use crate::server::{CONNECT_TIMEOUT, Peer, connect, primary};

/// The interval at which sentinels are asked. A demoted primary refuses the first write; the
/// interval covers a primary that does not know yet that it was demoted.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The connection to a sentinel, if it is open.
type Line = Option<MultiplexedConnection>;

/// The sentinels of one primary.
pub(crate) struct Sentinels {
    name: String,
    nodes: Vec<Client>,
    /// The settings common to every server: all but host and port.
    server: ConnectionInfo,
    access: Access,
}

impl Sentinels {
    pub(crate) fn new(
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
    pub(crate) async fn connect(
        &self,
        limit: Duration,
    ) -> RedisResult<(MultiplexedConnection, Peer)> {
        let answers = self.answers(&mut self.closed(), limit).await;
        let mut last = self.unnamed(&answers);
        for peer in most_named(answers) {
            let client = self.access.to_server(self.server.clone().set_addr(self.at(&peer)));
            let client = client.map_err(|_| {
                RedisError::from((ErrorKind::InvalidClientConfig, "certificates cannot be used"))
            })?;
            match primary(&client, limit).await {
                Ok(Some(connection)) => return Ok((connection, peer)),
                Ok(None) => last = RedisError::from((ErrorKind::Client, "no primary elected yet")),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until most sentinels report a primary other than this one. Keeps their connections: new
    /// ones every second would occupy a small sentinel with TLS handshakes.
    pub(crate) async fn has_moved(&self, from: &Peer) {
        let mut lines = self.closed();
        loop {
            sleep(ASK_EVERY).await;
            if most_named(self.answers(&mut lines, CONNECT_TIMEOUT).await)
                .first()
                .is_some_and(|named| named != from)
            {
                return;
            }
        }
    }

    /// A line to each sentinel that is yet to be opened.
    fn closed(&self) -> Vec<Line> {
        self.nodes.iter().map(|_| None).collect()
    }

    /// The answer of each sentinel: the primary, if it knows one of that name. Lines that answered stay
    /// open.
    async fn answers(&self, lines: &mut [Line], limit: Duration) -> Vec<RedisResult<Option<Peer>>> {
        join_all(self.nodes.iter().zip(lines).map(|(node, line)| self.ask(node, line, limit))).await
    }

    async fn ask(
        &self,
        sentinel: &Client,
        line: &mut Line,
        limit: Duration,
    ) -> RedisResult<Option<Peer>> {
        let ask = async {
            let mut connection = match line.take() {
                Some(connection) => connection,
                None => connect(sentinel, limit).await?,
            };
            let mut question = redis::cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name);
            let answer = question.query_async::<Option<Peer>>(&mut connection).await?;
            *line = Some(connection);
            Ok(answer)
        };
        let late = |_| Err(RedisError::from((ErrorKind::Io, "no answer in time")));
        timeout(limit, ask).await.unwrap_or_else(late)
    }

    /// The error where no sentinel reports a primary. It tells a wrong name from a network that does
    /// not let this host through.
    fn unnamed(&self, answers: &[RedisResult<Option<Peer>>]) -> RedisError {
        let told = self.nodes.iter().zip(answers).map(|(node, answer)| {
            let address = node.get_connection_info().addr();
            match answer {
                Ok(_) => format!("{address}: knows no primary {:?}", self.name),
                Err(error) => format!("{address}: {error}"),
            }
        });
        let told = told.collect::<Vec<_>>().join("; ");
        RedisError::from((ErrorKind::Client, "no sentinel names the primary", told))
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

/// The primaries that sentinels report, the most frequent first.
fn most_named(answers: Vec<RedisResult<Option<Peer>>>) -> Vec<Peer> {
    let mut voices = HashMap::<Peer, usize>::new();
    for peer in answers.into_iter().flatten().flatten() {
        *voices.entry(peer).or_default() += 1;
    }
    let mut named: Vec<_> = voices.into_iter().collect();
    named.sort_by_key(|(_, voices)| std::cmp::Reverse(*voices));
    named.into_iter().map(|(peer, _)| peer).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use redis::IntoConnectionInfo as _;

    use super::*;

    /// A sentinel that monitors nothing: it accepts every greeting and knows no name.
    async fn ignorant() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut read = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut read).await {
                    let text = String::from_utf8_lossy(&read[..length]);
                    let greetings = text.matches("CLIENT").count();
                    let mut answer = "+OK\r\n".repeat(greetings);
                    if text.contains("SENTINEL") {
                        answer.push_str("*-1\r\n");
                    }
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn without_a_named_primary_the_answer_of_each_sentinel_is_told() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let silent_port = silent.local_addr().expect("an address").port();
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let gone_port = gone.local_addr().expect("an address").port();
        drop(gone);
        let ignorant = ignorant().await;
        let nodes = [silent_port, gone_port, ignorant]
            .map(|port| format!("redis://127.0.0.1:{port}").into_connection_info().expect("a URL"));
        let sentinels = Sentinels::new("postern", nodes.into(), Access::default()).expect("nodes");
        let error =
            sentinels.connect(CONNECT_TIMEOUT).await.map(drop).expect_err("no primary").to_string();
        for (port, told) in [
            (silent_port, "no answer in time"),
            (gone_port, "Connection refused"),
            (ignorant, "knows no primary \"postern\""),
        ] {
            let told = format!("127.0.0.1:{port}: {told}");
            assert!(error.contains(&told), "{told:?} is not in {error:?}");
        }
    }
}
