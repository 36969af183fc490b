//! Serves one listener: accepts connections and speaks HTTP on each, until told to stop.
//!
//! # Why our own loop
//! tonic's server maps every deadline to CANCELLED, and neither it nor axum's bounds how long a
//! client may stay silent before its first byte. One loop of our own serves gRPC and HTTP alike.

use std::future::Future;
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
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::server::TcpConnectInfo;
use tower::ServiceExt as _;

use crate::listener::Listener;

/// How long a client may take to say anything at all, and to say an HTTP/1.1 head.
const SILENCE: Duration = Duration::from_secs(30);
/// The largest head: more than any token, less than an attack.
const MAX_HEAD_BYTES: u32 = 16 * 1024;
/// Requests that one HTTP/2 connection may have in flight.
const MAX_STREAMS: u32 = 256;
/// How often a silent HTTP/2 client is asked whether it lives, and how long it may take to answer.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));
/// How long to wait when no connection can be accepted, which is when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without upgrade, as gRPC speaks it.
    Http2,
}

/// Becomes true when serving is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(pub(crate) watch::Receiver<bool>);

impl Stop {
    async fn asked(&mut self) {
        // An error says that whoever could ask is gone, which asks as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Serves until `stop`, then until every request in flight is answered.
pub(crate) async fn serve(listener: Listener, router: Router, protocol: Protocol, mut stop: Stop) {
    let Listener { socket, .. } = listener;
    let router: Router = router.with_state(());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.asked() => break,
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), protocol, stop.clone()));
                }
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

async fn connection(stream: TcpStream, router: Router, protocol: Protocol, mut stop: Stop) {
    let first_byte = async {
        let mut byte = [0];
        matches!(tokio::time::timeout(SILENCE, stream.peek(&mut byte)).await, Ok(Ok(1)))
    };
    let spoke = tokio::select! {
        () = stop.asked() => false,
        spoke = first_byte => spoke,
    };
    // Answers are small: waiting for more to send would only delay them.
    if !spoke || stream.set_nodelay(true).is_err() {
        return;
    }
    let peer = Arc::new((stream.local_addr().ok(), stream.peer_addr().ok()));
    let service = router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let (local_addr, remote_addr) = *peer;
        request.extensions_mut().insert(TcpConnectInfo { local_addr, remote_addr });
        if let Some(remote) = remote_addr {
            request.extensions_mut().insert(ConnectInfo(remote));
        }
        request
    });
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service));
    match protocol {
        Protocol::Http1 => {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(SILENCE)
                .max_buf_size(MAX_HEAD_BYTES as usize);
            drive(http.serve_connection(io, service), stop).await;
        }
        Protocol::Http2 => {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new())
                .keep_alive_interval(PING.0)
                .keep_alive_timeout(PING.1)
                .max_concurrent_streams(MAX_STREAMS)
                .max_header_list_size(MAX_HEAD_BYTES);
            drive(http.serve_connection(io, service), stop).await;
        }
    }
}

async fn drive<C: GracefulConnection + Future>(connection: C, mut stop: Stop) {
    let mut connection = pin!(connection);
    tokio::select! {
        // How a connection ends is the client's affair; requests have lines of their own.
        _ = connection.as_mut() => return,
        () = stop.asked() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
