//! Serves one listener: accepts connections and speaks HTTP on each, until it must stop.
//!
//! # Why our own loop
//! tonic's server maps every deadline to CANCELLED, and neither it nor axum's bounds how long a
//! client may stay silent before its first byte, how many there may be, or how long they stay; and
//! neither can exchange its certificates. One loop of our own serves gRPC and HTTP alike.

mod activity;
mod io;
mod limits;
mod places;
mod received;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tls::ServerTls;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tower::{ServiceExt as _, service_fn};

use self::activity::Awaited;
use self::io::Io;
use self::limits::Life;
use self::places::{Place, Places, Refusal};
use crate::listener::Listener;
use proxies::Proxies;

pub(crate) use self::limits::Limits;

/// The largest head: more than any token, less than an attack.
const MAX_HEAD_BYTES: u32 = 16 * 1024;
/// Requests that one HTTP/2 connection may have in flight.
const MAX_STREAMS: u32 = 256;
/// Requests of one connection that their client reset before they were read.
const MAX_TAKEN_BACK: usize = 20;
/// Requests of one connection that its client made us take back.
const MAX_SPOILT: usize = 64;
/// The receive window of a request: the largest message and its frame, twice.
const STREAM_WINDOW: u32 = 128 * 1024;
/// The receive window of a connection.
const CONNECTION_WINDOW: u32 = 512 * 1024;
/// The send buffer of a request. Answers are small.
const MAX_SEND_BUFFER: usize = 64 * 1024;
/// How often a silent HTTP/2 client is asked whether it lives, and how long it may take to answer.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// How long to wait when no connection can be accepted, which is when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is said that connections are refused.
const SAY_FULL_EVERY: Duration = Duration::from_secs(10);

/// The protocol of a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without upgrade, as gRPC speaks it.
    Http2,
}

impl Protocol {
    /// The bytes of a client's greeting: HTTP/2's preface and the head of its settings. The head of
    /// HTTP/1.1 has a time limit of its own.
    const fn greeting(self) -> usize {
        match self {
            Self::Http1 => 1,
            Self::Http2 => 24 + 9,
        }
    }
}

/// Becomes true when serving is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(pub(crate) watch::Receiver<bool>);

impl Stop {
    async fn asked(&mut self) {
        // An error means that the sender is gone, which also asks to stop.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Serves until `stop`, then until every request in flight is answered.
pub(crate) async fn serve(
    listener: Listener,
    router: Router,
    protocol: Protocol,
    limits: Limits,
    exempt: Proxies,
    mut stop: Stop,
) {
    let Listener { socket, tls, .. } = listener;
    let server = Server { router: router.with_state(()), protocol, limits, tls };
    let places = Places::new(limits.most, limits.per_source, exempt);
    let mut connections = JoinSet::new();
    let mut complaint = Complaint::default();
    loop {
        tokio::select! {
            () = stop.asked() => break,
            accepted = socket.accept() => match accepted {
                Ok((stream, from)) => match places.admit(from.ip(), Instant::now()) {
                    Ok(place) => {
                        let server = server.clone();
                        connections.spawn(server.connection(stream, from, place, stop.clone()));
                    }
                    // Closed by being dropped.
                    Err(refusal) => complaint.say(refusal, limits),
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // Forgets those that ended.
            Some(_) = connections.join_next() => {}
        }
    }
    drop(socket); // refuses new connections while the old ones end
    while connections.join_next().await.is_some() {}
}

/// Says now and then that connections are refused.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn say(&mut self, refusal: Refusal, limits: Limits) {
        if self.0.is_some_and(|at| at.elapsed() <= SAY_FULL_EVERY) {
            return;
        }
        self.0 = Some(Instant::now());
        match refusal {
            Refusal::Source => {
                let most = limits.per_source;
                tracing::warn!(most, "too many connections from one source: refusing more of them");
            }
            Refusal::Full => {
                tracing::warn!(most = limits.most, "too many connections: refusing more");
            }
        }
    }
}

/// The settings that all connections of a listener share.
#[derive(Clone)]
struct Server {
    router: Router,
    protocol: Protocol,
    limits: Limits,
    tls: ServerTls,
}

impl Server {
    async fn connection(self, stream: TcpStream, from: SocketAddr, place: Place, mut stop: Stop) {
        let born = Instant::now();
        let greeted = timeout_at(born + self.limits.handshake, self.greet(stream));
        let io = tokio::select! {
            () = stop.asked() => return,
            () = place.evicted() => return,
            greeted = greeted => match greeted {
                Ok(Some(io)) => io,
                Ok(None) | Err(_) => return,
            },
        };
        self.speak(io, born, from, &place, stop).await;
    }

    /// Waits for the first byte, before anything is kept for the client, and for TLS. How either
    /// fails is the client's affair.
    async fn greet(&self, stream: TcpStream) -> Option<Io> {
        stream.peek(&mut [0]).await.ok().filter(|&seen| seen == 1)?;
        // Answers are small: waiting for more to send would only delay them.
        stream.set_nodelay(true).ok()?;
        match self.tls.acceptor() {
            None => Some(Io::plain(stream)),
            Some(acceptor) => acceptor.accept(stream).await.ok().map(Io::tls),
        }
    }

    async fn speak(self, io: Io, born: Instant, from: SocketAddr, place: &Place, stop: Stop) {
        let Self { router, protocol, limits, .. } = self;
        let life = Arc::new(Life::new(born, io.received()));
        let (peer, noted, activity) = (io.peer(), Arc::clone(&life), Arc::clone(&place.activity));
        let service = service_fn(move |request: Request<Incoming>| {
            noted.request();
            let active = activity.begin();
            let mut request = request.map(|body| Body::new(Awaited::new(body, &activity)));
            // Where a call comes from is asked of browsers alone.
            if matches!(protocol, Protocol::Http1) {
                request.extensions_mut().insert(ConnectInfo(from));
            }
            if let Some(peer) = &peer {
                request.extensions_mut().insert(peer.clone());
            }
            let (answer, noted) = (router.clone().oneshot(request), Arc::clone(&noted));
            async move {
                let response = answer.await;
                noted.answered();
                drop(active);
                response
            }
        });
        let (io, service) = (TokioIo::new(io), TowerToHyperService::new(service));
        let lived_out = async {
            tokio::select! {
                grace = life.lived_out(limits, protocol) => grace,
                () = place.evicted() => Duration::ZERO,
            }
        };
        match protocol {
            Protocol::Http1 => {
                let connection = http1().serve_connection(io, service);
                drive(connection, stop, lived_out).await;
            }
            Protocol::Http2 => {
                let connection = http2().serve_connection(io, service);
                drive(connection, stop, lived_out).await;
            }
        }
    }
}

fn http1() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // hyper's limit also ends connections that are only silent; ours is in `limits`.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES as usize);
    http
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_TAKEN_BACK)
        .max_local_error_reset_streams(MAX_SPOILT)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .max_header_list_size(MAX_HEAD_BYTES);
    http
}

/// Serves until the client leaves, or until it has left after a request to do so. Requests have
/// their own lines in the log; the end of a connection has none.
async fn drive<C: GracefulConnection + Future>(
    connection: C,
    mut stop: Stop,
    lived_out: impl Future<Output = Duration>,
) {
    let mut connection = pin!(connection);
    let grace = tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.asked() => None,
        grace = lived_out => Some(grace),
    };
    connection.as_mut().graceful_shutdown();
    match grace {
        // The caller that asks to stop also limits the time.
        None => drop(connection.await),
        Some(grace) => drop(tokio::time::timeout(grace, connection).await),
    }
}

#[cfg(test)]
mod tests;
