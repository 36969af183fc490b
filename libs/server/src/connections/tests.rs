//! Tests of how long connections may live, and how many of them there may be.

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::*;
use crate::listener::bind;
use settings::Endpoint;

/// Longer than anything takes that is not waited for, however busy the machine is.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);
/// HTTP/2's preface, and settings without any.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const GOAWAY: u8 = 7;

const PATIENT: Limits = Limits {
    handshake: LONG,
    head: LONG,
    kept: LONG,
    idle: LONG,
    age: LONG,
    grace: LONG,
    most: 100,
    per_source: 100,
};

struct Running {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
    _serving: JoinHandle<()>,
}

async fn start(protocol: Protocol, limits: Limits) -> Running {
    let any = Endpoint { flag: "--listen", address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let [listener] = bind([any]).await.expect("a free port");
    let address = listener.address();
    let slow = || async {
        tokio::time::sleep(SHORT * 3).await;
        "done"
    };
    let router = Router::new().route("/", get(|| async { "hello" })).route("/slow", get(slow));
    let (stop, asked) = watch::channel(false);
    let serving =
        tokio::spawn(serve(listener, router, protocol, limits, Proxies::default(), Stop(asked)));
    Running { address, _stop: stop, _serving: serving }
}

async fn connect(running: &Running, said: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(running.address).await.expect("it listens");
    stream.write_all(said).await.expect("it reads");
    stream
}

/// All that is said until the connection ends, which it must before long.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let read = tokio::time::timeout(LONG / 2, stream.read_to_end(&mut said));
    // A reset is an end as well.
    let _ = read.await.expect("it ends");
    said
}

fn asking(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").into_bytes()
}

/// Reads one answer, which ends with that.
async fn answer(stream: &mut TcpStream, end: &str) -> String {
    let mut said = String::new();
    while !said.ends_with(end) {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.expect("it answers");
        assert_ne!(count, 0, "it ends after {said}");
        said += &String::from_utf8_lossy(&bytes[..count]);
    }
    said
}

/// The types of the HTTP/2 frames in it.
fn frames(mut said: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [a, b, c, kind, rest @ ..] = said {
        types.push(*kind);
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        said = rest.get(5 + length..).unwrap_or_default();
    }
    types
}

#[tokio::test]
async fn who_does_not_greet_in_time_is_left() {
    let limits = Limits { handshake: SHORT, ..PATIENT };
    for (protocol, said) in [
        (Protocol::Http1, &b""[..]),
        (Protocol::Http2, b""),
        (Protocol::Http2, b"PRI * HT"),
        (Protocol::Http2, &GREETING[..30]),
    ] {
        let running = start(protocol, limits).await;
        let mut stream = connect(&running, said).await;
        rest(&mut stream).await;
    }
}

#[tokio::test]
async fn who_greets_in_time_may_stay() {
    let limits = Limits { handshake: SHORT, ..PATIENT };
    let running = start(Protocol::Http2, limits).await;
    let mut stream = connect(&running, GREETING).await;
    let mut said = Vec::new();
    let read = tokio::time::timeout(SHORT * 4, stream.read_to_end(&mut said)).await;
    assert!(read.is_err(), "it ended: {said:?}");
    assert!(!frames(&said).contains(&GOAWAY));
}

#[tokio::test]
async fn without_a_request_a_connection_is_told_to_leave_and_then_cut() {
    let limits = Limits { handshake: SHORT, kept: SHORT, idle: SHORT, grace: SHORT, ..PATIENT };
    let running = start(Protocol::Http2, limits).await;
    // It never says that it heard.
    let mut stream = connect(&running, GREETING).await;
    assert!(frames(&rest(&mut stream).await).contains(&GOAWAY));
    let running = start(Protocol::Http1, limits).await;
    let mut stream = connect(&running, &asking("/")).await;
    answer(&mut stream, "hello").await;
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn a_head_must_be_there_soon_but_the_silence_before_it_may_last() {
    let limits = Limits { handshake: SHORT, head: SHORT * 2, ..PATIENT };
    let running = start(Protocol::Http1, limits).await;
    let mut stream = connect(&running, &asking("/")).await;
    answer(&mut stream, "hello").await;
    // A proxy's, which it keeps for later; a request may also take longer than a head.
    tokio::time::sleep(SHORT * 5).await;
    stream.write_all(&asking("/slow")).await.expect("it reads");
    answer(&mut stream, "done").await;
    // The first head of a connection, and a later one.
    let mut fresh = connect(&running, b"GET / HTT").await;
    stream.write_all(b"GET / HTT").await.expect("it reads");
    assert!(rest(&mut fresh).await.is_empty());
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn an_old_connection_ends_after_the_request_that_is_in_flight() {
    let limits = Limits { handshake: SHORT, age: SHORT * 2, ..PATIENT };
    let running = start(Protocol::Http1, limits).await;
    let mut stream = connect(&running, &asking("/")).await;
    answer(&mut stream, "hello").await;
    stream.write_all(&asking("/slow")).await.expect("it reads");
    let last = answer(&mut stream, "done").await;
    assert!(last.contains("connection: close"), "{last}");
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn beyond_a_source_s_cap_its_connections_are_closed_until_one_leaves() {
    let running = start(Protocol::Http1, Limits { per_source: 2, ..PATIENT }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&running, &asking("/")).await;
        answer(&mut stream, "hello").await;
        held.push(stream);
    }
    let mut refused = TcpStream::connect(running.address).await.expect("it listens");
    // It may be gone already.
    let _ = refused.write_all(&asking("/")).await;
    assert!(rest(&mut refused).await.is_empty());
    let served = held.last_mut().expect("two are held");
    served.write_all(&asking("/")).await.expect("it reads");
    answer(served, "hello").await;
    held.pop();
    loop {
        let mut stream = TcpStream::connect(running.address).await.expect("it listens");
        let _ = stream.write_all(&asking("/")).await;
        let mut byte = [0];
        if matches!(stream.read(&mut byte).await, Ok(1)) {
            break;
        }
    }
}

#[tokio::test]
async fn at_the_cap_the_longest_idle_connection_ends_for_a_newcomer() {
    let running = start(Protocol::Http1, Limits { most: 2, ..PATIENT }).await;
    let mut longest_idle = connect(&running, &asking("/")).await;
    answer(&mut longest_idle, "hello").await;
    let mut busy = connect(&running, &asking("/slow")).await;
    let mut newcomer = connect(&running, &asking("/")).await;
    answer(&mut newcomer, "hello").await;
    assert!(rest(&mut longest_idle).await.is_empty());
    answer(&mut busy, "done").await;

    let running = start(Protocol::Http2, Limits { most: 1, ..PATIENT }).await;
    let mut idle = connect(&running, GREETING).await;
    // It has been greeted, so it is there.
    idle.read_exact(&mut [0; 9]).await.expect("settings");
    let mut newcomer = connect(&running, GREETING).await;
    newcomer.read_exact(&mut [0; 9]).await.expect("settings");
    assert!(frames(&rest(&mut idle).await).len() < 9, "it ends");
}
