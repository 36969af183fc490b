//! Tests of calls to several replicas, which come and go.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Instant;

use axum::Router;
use axum::routing::post;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tonic::{Code, Status};

use super::follower::ROUNDS;
use super::*;

const LIMIT: Duration = Duration::from_secs(20);
const FAST: Duration = Duration::from_millis(20);

/// A replica, which says who it is. It dies with this, and its connections with it.
struct Replica {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Replica {
    async fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answer = move || async move {
            let mut answer = Status::ok("").into_http::<Body>();
            answer.headers_mut().insert("from", address.to_string().parse().expect("text"));
            answer
        };
        let slow = || async {
            tokio::time::sleep(LIMIT).await;
            Status::ok("").into_http::<Body>()
        };
        let router = Router::new().route("/fast", post(answer)).route("/slow", post(slow));
        Self { address, serving: tokio::spawn(serve(listener, router)) }
    }
}

/// Serves until it is aborted, which ends every connection.
async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a client");
        let service = TowerToHyperService::new(router.clone());
        let http = http2::Builder::new(TokioExecutor::new());
        connections.spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a lookup finds.
type Found = Arc<Mutex<Option<Vec<SocketAddr>>>>;

fn targets(addresses: &[SocketAddr]) -> (Targets, Found) {
    let (remote, found) = remote(addresses);
    (Targets::follow(remote, FAST), found)
}

fn remote(addresses: &[SocketAddr]) -> (Remote, Found) {
    let found = Found::new(Mutex::new(Some(addresses.to_vec())));
    let asked = Arc::clone(&found);
    let remote = Remote::parse("http://replicas", None).expect("a URL");
    let remote = remote.found_by(Arc::new(move |host, port| {
        assert_eq!((host, port), ("replicas", 80));
        let found = asked.lock().expect("no panic").clone();
        Box::pin(async { found.ok_or_else(|| io::Error::other("no answer")) })
    }));
    (remote, found)
}

fn request(path: &str) -> http::request::Builder {
    Request::post(path)
}

/// Calls as one does who may call twice.
async fn call(targets: &mut Targets) -> Result<SocketAddr, Status> {
    let send = async |targets: &mut Targets| {
        targets.call(request("/fast").body(Body::empty()).expect("a request")).await
    };
    let answer = match send(targets).await {
        Err(status) if status.code() == Code::Unavailable => send(targets).await?,
        answer => answer?,
    };
    Ok(answer.headers()["from"].to_str().expect("text").parse().expect("an address"))
}

/// Calls, and never fails, until just these have answered in a row.
async fn until_only(targets: &mut Targets, expected: &[&Replica]) {
    let expected: BTreeSet<_> = expected.iter().map(|replica| replica.address).collect();
    let begun = Instant::now();
    loop {
        let mut answered = BTreeSet::new();
        for _ in 0..8 {
            answered.insert(call(targets).await.expect("a replica is there"));
        }
        if answered == expected {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "{answered:?} answered instead of {expected:?}");
        tokio::time::sleep(FAST).await;
    }
}

#[tokio::test]
async fn a_replica_that_dies_costs_no_call_and_is_called_again_when_it_is_back() {
    let (one, other) = (Replica::start().await, Replica::start().await);
    let (mut targets, _) = targets(&[one.address, other.address]);
    until_only(&mut targets, &[&one, &other]).await;
    let address = one.address;
    drop(one);
    until_only(&mut targets, &[&other]).await;
    let one = Replica::start_at(address).await;
    until_only(&mut targets, &[&one, &other]).await;
}

#[tokio::test]
async fn one_that_is_left_of_three_is_soon_the_only_one_called() {
    let (one, two, left) = (Replica::start().await, Replica::start().await, Replica::start().await);
    let (mut targets, _) = targets(&[one.address, two.address, left.address]);
    until_only(&mut targets, &[&one, &two, &left]).await;
    drop((one, two));
    let mut failed = 0;
    for _ in 0..60 {
        failed += u32::from(call(&mut targets).await.is_err());
    }
    // The call that meets both of the others in turn fails; who comes later knows better.
    assert!(failed <= 1, "{failed} of 60 calls failed");
}

#[tokio::test]
async fn with_all_replicas_gone_calls_fail_at_once_and_not_for_longer_than_that() {
    let one = Replica::start().await;
    let address = one.address;
    let (mut targets, _) = targets(&[address]);
    until_only(&mut targets, &[&one]).await;
    drop(one);
    let begun = Instant::now();
    while call(&mut targets).await.is_ok() {
        assert!(begun.elapsed() < LIMIT, "it goes on");
    }
    let status = call(&mut targets).await.expect_err("nobody is there");
    assert_eq!(status.code(), Code::Unavailable);
    let one = Replica::start_at(address).await;
    assert_eq!(call(&mut targets).await.expect("it is back"), one.address);
}

#[tokio::test]
async fn addresses_are_asked_for_again_and_those_known_are_kept_without_an_answer() {
    let (one, other) = (Replica::start().await, Replica::start().await);
    let (mut targets, found) = targets(&[one.address]);
    until_only(&mut targets, &[&one]).await;
    let answer = |addresses| *found.lock().expect("no panic") = addresses;
    answer(Some(vec![one.address, other.address]));
    until_only(&mut targets, &[&one, &other]).await;
    for nothing in [None, Some(Vec::new())] {
        answer(nothing);
        tokio::time::sleep(FAST * ROUNDS * 3).await;
        until_only(&mut targets, &[&one, &other]).await;
    }
    answer(Some(vec![other.address]));
    until_only(&mut targets, &[&other]).await;
}

/// All at another address, as pods that are replaced: nobody waits for those that are gone.
#[tokio::test]
async fn replicas_that_are_replaced_one_by_one_cost_no_call() {
    let mut replicas = vec![Replica::start().await, Replica::start().await];
    let addresses = |replicas: &[Replica]| replicas.iter().map(|it| it.address).collect::<Vec<_>>();
    let (mut targets, found) = targets(&addresses(&replicas));
    until_only(&mut targets, &[&replicas[0], &replicas[1]]).await;
    for _ in 0..10 {
        replicas.push(Replica::start().await);
        *found.lock().expect("no panic") = Some(addresses(&replicas[1..]));
        drop(replicas.remove(0));
        let begun = Instant::now();
        for _ in 0..20 {
            call(&mut targets).await.expect("a replica is there");
        }
        assert!(begun.elapsed() < LIMIT / 4, "calls waited for {:?}", begun.elapsed());
    }
    until_only(&mut targets, &[&replicas[0], &replicas[1]]).await;
}

/// However seldom connections are tried by themselves.
#[tokio::test]
async fn a_service_that_comes_after_its_callers_is_there_for_their_first_call() {
    let gone = Replica::start().await;
    let address = gone.address;
    drop(gone);
    let mut targets = Targets::follow(remote(&[address]).0, LIMIT);
    tokio::time::sleep(FAST * 5).await;
    let one = Replica::start_at(address).await;
    assert_eq!(call(&mut targets).await.expect("it is there"), one.address);
}

#[tokio::test]
async fn until_an_address_is_known_a_call_waits() {
    let one = Replica::start().await;
    let (mut targets, found) = targets(&[]);
    let mut calling = targets.clone();
    let waiting = tokio::spawn(async move { call(&mut calling).await });
    tokio::time::sleep(FAST * 3).await;
    assert!(!waiting.is_finished());
    *found.lock().expect("no panic") = Some(vec![one.address]);
    assert_eq!(waiting.await.expect("no panic").expect("an answer"), one.address);
    until_only(&mut targets, &[&one]).await;
}

#[tokio::test]
async fn a_slow_answer_is_no_reason_to_leave_a_replica() {
    let one = Replica::start().await;
    let (mut targets, _) = targets(&[one.address]);
    until_only(&mut targets, &[&one]).await;
    let slow = request("/slow").header("grpc-timeout", "20m").body(Body::empty());
    let status = targets.call(slow.expect("a request")).await.expect_err("too late");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let live = Arc::clone(&targets.live.borrow());
    assert!(!live[0].fate.is_lost());
}
