//! Clients that connect and are slow, silent, or too many.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Tested;
use crate::harness::Postern;
use crate::harness::h2::kept;
use crate::harness::tls::Authority;
use crate::harness::victim::Victim;

/// The limit for a client's greeting, and an allowance for a busy machine.
const GREETING: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(8);
/// More than the connection limit of a listener.
const MANY: usize = 5000;

#[tokio::test]
async fn a_client_that_does_not_greet_in_time_is_disconnected() -> Tested {
    let authority = Authority::new()?;
    let pair = authority.sign("postern.example")?;
    let (certificate, key) =
        (pair.certificate.display().to_string(), pair.key.display().to_string());
    let secure = Postern::with(&["--http-tls-certificate", &certificate, "--http-tls-key", &key])?;
    let plain = Postern::start()?;
    let half_hello = crate::harness::tls::client_hello(0x0303, 0xc02b)[..40].to_vec();
    let cases: [(&str, SocketAddr, Vec<u8>); 5] = [
        ("nothing to HTTP", plain.at.http, Vec::new()),
        ("nothing to gRPC", plain.at.verifier, Vec::new()),
        ("half a preface", plain.at.verifier, b"PRI * HTTP/2.0\r\n".to_vec()),
        ("nothing to TLS", secure.at.http, Vec::new()),
        ("half a TLS hello", secure.at.http, half_hello),
    ];
    let waiting = cases.map(|(what, at, said)| {
        tokio::task::spawn_blocking(move || (what, kept(at, &said, GREETING + LATE)))
    });
    for waiting in waiting {
        let (what, kept) = waiting.await?;
        let kept = kept?;
        assert!(kept.is_some_and(|kept| kept > GREETING / 2), "{what}: {kept:?}");
    }
    Ok(())
}

/// Sends an HTTP/1.1 head or body byte by byte over many connections. Returns the number of them
/// that the server has closed.
fn crawl(at: SocketAddr, first: &str, limit: Duration) -> std::io::Result<usize> {
    let begun = Instant::now();
    let mut crawling = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(at)?;
        stream.write_all(first.as_bytes())?;
        stream.set_nonblocking(true)?;
        crawling.push(stream);
    }
    let all = crawling.len();
    while begun.elapsed() < limit && !crawling.is_empty() {
        sleep(Duration::from_millis(250));
        crawling.retain_mut(|stream| {
            let mut answer = [0; 1024];
            let is_over = matches!(stream.read(&mut answer), Ok(0));
            let is_lost = stream.write_all(b"a").is_err();
            !is_over && !is_lost
        });
    }
    Ok(all - crawling.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_and_bodies_affect_no_other_client_and_are_ended() -> Tested {
    let mut postern = Postern::start()?;
    let victim = Victim::of(&mut postern).await?;
    let at = postern.at.http;
    let head = "POST /oidc/token HTTP/1.1\r\nHost: a\r\n";
    let body = format!("{head}Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n");
    let limit = Duration::from_secs(16);
    let heads =
        tokio::task::spawn_blocking(move || crawl(at, &format!("{head}X-Long: "), limit / 4));
    let bodies = tokio::task::spawn_blocking(move || crawl(at, &body, limit));
    heads.await??;
    assert_eq!(bodies.await??, 200, "a body takes ten seconds at most");
    victim.ends_well(&mut postern).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_beyond_the_limit_are_closed_and_other_clients_are_served() -> Tested {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let mut postern = Postern::start()?;
    let victim = Victim::of(&mut postern).await?;
    let at = postern.at.verifier;
    let (mut held, mut closed) = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
        let mut held = Vec::new();
        for turn in 1..=MANY {
            let stream = TcpStream::connect(at)?;
            stream.set_nonblocking(true)?;
            held.push(stream);
            // A pause: a full accept queue would delay new connections by seconds.
            if turn % 64 == 0 {
                sleep(Duration::from_millis(10));
            }
        }
        sleep(Duration::from_secs(1));
        let closed = leave(&mut held);
        Ok((held, closed))
    })
    .await??;
    assert!(closed > 0, "it keeps {MANY} connections");
    assert!(!held.is_empty(), "it keeps none");
    assert!(postern.printed().contains("too many connections"));
    // The remaining connections are silent too.
    let begun = Instant::now();
    while !held.is_empty() && begun.elapsed() < GREETING + LATE {
        tokio::time::sleep(Duration::from_millis(250)).await;
        closed += leave(&mut held);
    }
    assert_eq!(closed, MANY, "silent connections are kept");
    victim.ends_well(&mut postern).await
}

/// Drops the connections that the server has closed. Returns their number.
fn leave(held: &mut Vec<TcpStream>) -> usize {
    let before = held.len();
    held.retain_mut(|stream| match stream.read(&mut [0]) {
        Ok(_) => false,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    });
    before - held.len()
}
