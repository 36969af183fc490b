//! Tests of serving, draining and ending.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::*;
use crate::listener::bind;
use settings::Endpoint;

const DEADLINE: Duration = Duration::from_millis(300);

struct Running {
    grpc: SocketAddr,
    http: SocketAddr,
    admin: SocketAddr,
    stop: watch::Sender<u32>,
    end: JoinHandle<Result<(), TaskError>>,
}

async fn start(drain: Drain, change: impl FnOnce(Servers) -> Servers) -> Running {
    let any = Endpoint { flag: "--listen", address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let [grpc, http, admin] = bind([any; 3]).await.expect("free ports");
    let (grpc_address, http_address, admin_address) =
        (grpc.address(), http.address(), admin.address());
    let slow = || async {
        sleep(DEADLINE / 3).await;
        "done"
    };
    let router = Router::new().route("/", get(|| async { "hello" })).route("/slow", get(slow));
    let grpc = GrpcServer::new(grpc).reflection(true, tonic_health::pb::FILE_DESCRIPTOR_SET);
    let servers = Servers::new()
        .grpc(grpc.expect("valid descriptors"))
        .http(HttpServer::new(http, router))
        .admin(admin);
    let (stop, asked) = watch::channel(0);
    let end = tokio::spawn(change(servers).serve(Limits::of_process(None), drain, asked));
    Running { grpc: grpc_address, http: http_address, admin: admin_address, stop, end }
}

fn at_once() -> Drain {
    Drain { delay: Duration::ZERO, deadline: DEADLINE }
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

async fn health(address: SocketAddr) -> ServingStatus {
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"));
    let channel = channel.expect("an address").connect().await.expect("it listens");
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(channel).check(request).await.expect("a reply").into_inner().status()
}

#[tokio::test]
async fn every_edge_answers_until_it_is_asked_to_stop() {
    let running = start(at_once(), |servers| servers).await;
    assert!(ask(running.http, "/").await.ends_with("hello"));
    assert!(ask(running.admin, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(ask(running.admin, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(health(running.grpc).await, ServingStatus::Serving);
    running.stop.send_replace(1);
    assert_eq!(running.end.await.expect("no panic"), Ok(()));
    assert!(TcpStream::connect(running.http).await.is_err());
}

#[tokio::test]
async fn while_draining_it_serves_but_is_not_ready() {
    let drain = Drain { delay: Duration::from_secs(60), deadline: DEADLINE };
    let running = start(drain, |servers| servers).await;
    running.stop.send_replace(1);
    while ask(running.admin, "/readyz").await.starts_with("HTTP/1.1 200") {}
    assert!(ask(running.admin, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(ask(running.http, "/").await.ends_with("hello"));
    assert_eq!(health(running.grpc).await, ServingStatus::NotServing);
    running.stop.send_replace(2);
    assert_eq!(running.end.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_lowered_readiness_is_seen_over_both_protocols() {
    let mut readiness = None;
    let running = start(at_once(), |servers| {
        readiness = Some(servers.readiness());
        servers
    });
    let running = running.await;
    readiness.expect("a handle").set(false);
    assert!(ask(running.admin, "/readyz").await.starts_with("HTTP/1.1 503"));
    while health(running.grpc).await != ServingStatus::NotServing {}
}

#[tokio::test]
async fn a_request_in_flight_is_answered() {
    let running = start(at_once(), |servers| servers).await;
    let answer = tokio::spawn(ask(running.http, "/slow"));
    sleep(DEADLINE / 10).await;
    running.stop.send_replace(1);
    assert!(answer.await.expect("no panic").ends_with("done"));
    assert_eq!(running.end.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn what_is_in_flight_still_reaches_an_inner_server() {
    let any = Endpoint { flag: "--listen", address: SocketAddr::from(([127, 0, 0, 1], 0)) };
    let [inner] = bind([any]).await.expect("a free port");
    let address = inner.address();
    let running = start(at_once(), |servers| servers.inner_grpc(GrpcServer::new(inner))).await;
    let answer = tokio::spawn(ask(running.http, "/slow"));
    sleep(DEADLINE / 10).await;
    running.stop.send_replace(1);
    while TcpStream::connect(running.http).await.is_ok() {}
    let is_reached = TcpStream::connect(address).await.is_ok();
    assert!(is_reached || answer.is_finished(), "it ends before what may call it");
    assert!(answer.await.expect("no panic").ends_with("done"));
    assert_eq!(running.end.await.expect("no panic"), Ok(()));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn silent_and_half_spoken_connections_cannot_hold_up_the_end() {
    let running = start(at_once(), |servers| servers).await;
    let mut held = Vec::new();
    for (address, said) in [
        (running.grpc, ""),
        (running.grpc, "PRI * HT"),
        (running.http, ""),
        (running.http, "GET /"),
    ] {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(said.as_bytes()).await.expect("it reads");
        held.push(stream);
    }
    assert!(ask(running.http, "/").await.ends_with("hello"));
    let start = Instant::now();
    running.stop.send_replace(1);
    assert_eq!(running.end.await.expect("no panic"), Ok(()));
    assert!(start.elapsed() < DEADLINE * 3, "{:?}", start.elapsed());
}

#[tokio::test]
async fn who_watches_the_health_does_not_hold_up_the_end() {
    let drain = Drain { delay: Duration::ZERO, deadline: Duration::from_secs(60) };
    let running = start(drain, |servers| servers).await;
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", running.grpc));
    let channel = channel.expect("an address").connect().await.expect("it listens");
    let request = HealthCheckRequest { service: String::new() };
    let mut watch = HealthClient::new(channel).watch(request).await.expect("a stream").into_inner();
    assert!(watch.message().await.expect("a reply").is_some());
    running.stop.send_replace(1);
    timeout(Duration::from_secs(10), running.end).await.expect("in time").expect("no panic").ok();
}

#[tokio::test]
async fn a_background_task_that_panics_ends_the_process() {
    let running =
        start(at_once(), |servers| servers.task(async {}).task(async { panic!("for the test") }));
    assert_eq!(running.await.end.await.expect("no panic"), Err(TaskError));
}
