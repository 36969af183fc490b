//! Hosts that open connections, send one request, and keep them open. A client at another address
//! must still be served.
//!
//! `POSTERN_CROWD=10` makes the crowd ten times as large, up to the test's limit on open files.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::Tested;
use crate::harness::{Postern, asked, unique};

/// More than the connection limit of a listener.
const MANY: usize = 4200;
/// Sources that each stay below their own limit but together exceed the listener's.
const SOURCES: u8 = 20;
const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The limit for a neighbour to be served.
const SOON: Duration = Duration::from_secs(5);

/// Opens a connection from 127.0.1.`source` and sends these bytes. `None` if it was closed at once.
async fn connect(at: SocketAddr, source: u8, said: &[u8]) -> std::io::Result<Option<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((IpAddr::from([127, 0, 1, source]), 0)))?;
    let mut stream = socket.connect(at).await?;
    Ok(stream.write_all(said).await.is_ok().then_some(stream))
}

/// Opens connections from these sources in turn, and keeps them.
async fn crowd(at: SocketAddr, sources: u8, said: &[u8]) -> anyhow::Result<Vec<TcpStream>> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    // Leaves some file descriptors for other tests.
    let files =
        limit.maximum.map_or(usize::MAX, |files| usize::try_from(files / 4).unwrap_or(usize::MAX));
    let mut kept = Vec::new();
    for turn in 0..files.min(MANY * asked("POSTERN_CROWD", 1)) {
        let source = u8::try_from(turn % usize::from(sources))? + 1;
        kept.extend(connect(at, source, said).await?);
        // A pause: a full accept queue would delay new connections by seconds.
        if turn % 64 == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(kept)
}

/// Asserts that a user of the page and a backend, both at other addresses, are served.
async fn neighbours_are_served(postern: &Postern) -> anyhow::Result<()> {
    assert!(postern.at.http.ip() == Ipv4Addr::LOCALHOST, "the crowd is elsewhere");
    let begun = Instant::now();
    // A new client, so that it opens a new connection.
    let page = reqwest::Client::new().get(format!("http://{}/", postern.at.http));
    assert_eq!(page.send().await?.status(), StatusCode::OK);
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    postern.redeem(&user, &code).await?;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_host_cannot_take_all_connections() -> Tested {
    let postern = Postern::start()?;
    for (at, said) in [(postern.at.http, ASKED), (postern.at.issuer, GREETING)] {
        let crowd = crowd(at, 1, said).await?;
        neighbours_are_served(&postern).await?;
        drop(crowd);
    }
    let refused = "postern_connections_refused_total{postern_limit=\"source\"}";
    assert!(postern.metric(refused).await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_of_many_hosts_are_closed_for_a_newcomer() -> Tested {
    let postern = Postern::start()?;
    for (at, said) in [(postern.at.http, ASKED), (postern.at.issuer, GREETING)] {
        let crowd = crowd(at, SOURCES, said).await?;
        neighbours_are_served(&postern).await?;
        drop(crowd);
    }
    assert!(postern.metric("postern_connections_evicted_total").await? > 0);
    Ok(())
}
