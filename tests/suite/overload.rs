//! More concurrent calls than a service admits: excess calls are refused at once with a retry
//! delay, health checks are still answered, and the service recovers completely.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::calls::{at_once, guess, pool};
use crate::harness::h2::{END_HEADERS, HEADERS, SETTINGS, frame, head};
use crate::harness::postern::config;
use crate::harness::*;

const RPC: &str = "/postern.code.v1.VerifierService/DescribeLockout";
/// The concurrency limit of a service.
const MOST: usize = 256;
/// The calls of one connection: fewer than its maximum of streams.
const OF_ONE: usize = 200;
/// Less than the deadline of a call, so that a faster refusal was no timeout.
const AT_ONCE: Duration = Duration::from_secs(6);
const BACK: Duration = Duration::from_secs(5);

/// Starts that many calls without their message. They stay in flight until this is dropped.
fn stall(at: SocketAddr, token: &str, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let token = format!("Bearer {token}");
    let head = head(RPC, &[("authorization", &token)]);
    let mut connections = Vec::new();
    for begin in (0..count).step_by(OF_ONE) {
        let mut stream = TcpStream::connect(at)?;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
        stream.write_all(&frame(SETTINGS, 1, 0, &[]))?;
        for call in 0..OF_ONE.min(count - begin) {
            let number = u32::try_from(call * 2 + 1)?;
            stream.write_all(&frame(HEADERS, END_HEADERS, number, &head))?;
        }
        connections.push(stream);
    }
    Ok(connections)
}

async fn is_serving(at: SocketAddr) -> anyhow::Result<bool> {
    let request = HealthCheckRequest { service: String::new() };
    let answer = HealthClient::new(channel(at)).check(request).await?;
    Ok(answer.into_inner().status() == ServingStatus::Serving)
}

/// The number of active gRPC requests, from the metrics.
async fn active(admin: SocketAddr) -> anyhow::Result<usize> {
    let metrics = reqwest::get(format!("http://{admin}/metrics")).await?.text().await?;
    let name = r#"postern_requests_active{postern_listener="grpc"} "#;
    let count = metrics.lines().find_map(|line| line.strip_prefix(name));
    Ok(count.ok_or_else(|| anyhow::anyhow!("no {name}in {metrics}"))?.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn excess_calls_are_refused_at_once_and_health_checks_are_answered() -> Tested {
    let postern = Postern::start()?;
    let at = postern.at.verifier;
    let token = postern.token("acme-support").await?;
    let mut verifier = postern.verifier("acme-support").await?;
    let request = DescribeLockoutRequest { user: user_id("jane") };
    verifier.describe_lockout(request.clone()).await?;

    let stalled = stall(at, &token, MOST + OF_ONE)?;
    let mut refused = None;
    within(AT_ONCE, "there is no room left", async || {
        refused = verifier.describe_lockout(request.clone()).await.err();
        Ok(refused.is_some())
    })
    .await?;
    let status = refused.expect("a refusal");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(retry.is_some_and(|wait| wait > Duration::ZERO), "{status:?}");
    refusal::<()>(Err(status), Code::ResourceExhausted, "OVERLOADED");
    // The same with very many calls: each is refused, and soon.
    let begun = Instant::now();
    let refused = (0..100).map(async |_| {
        let answer = verifier.clone().describe_lockout(request.clone()).await;
        answer.map(drop).expect_err("there is no room").code()
    });
    let refused = futures_util::future::join_all(refused).await;
    assert!(refused.iter().all(|code| *code == Code::ResourceExhausted), "{refused:?}");
    assert!(begun.elapsed() < AT_ONCE, "100 refusals took {:?}", begun.elapsed());
    assert!(is_serving(at).await?, "its health");
    let ready = reqwest::get(format!("http://{}/readyz", postern.at.admin)).await?;
    assert!(ready.status().is_success(), "its readiness");
    let busy = active(postern.at.admin).await?;
    assert!(busy >= OF_ONE, "{busy} requests are said to be worked on");

    drop(stalled);
    within(BACK, "there is room again", async || {
        let answer = verifier.describe_lockout(request.clone()).await;
        Ok(answer.is_ok() && active(postern.at.admin).await? == 0)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_for_a_dead_store_all_end_and_the_service_recovers() -> Tested {
    let quiet = [("POSTERN_LOG", "info".to_owned())];
    let deployment = Deployment::of(&config())?.with_environment(&quiet);
    let replica = [deployment.replica()?];
    let at = replica[0].at.verifier;
    let verifiers = pool(&replica, 16, async |at| at.verifier("acme-verifier").await).await?;
    let users = (0..3000).map(|_| unique("jane"));

    deployment.redis.freeze()?;
    let begun = Instant::now();
    let calls = users.enumerate().map(async |(turn, user)| {
        let mut verifier = verifiers[turn % verifiers.len()].clone();
        let answer = verifier.verify_code(guess(&user, "123456123456", unique("key"))).await;
        anyhow::Ok(answer.expect_err("nothing to compare with"))
    });
    let (refused, health) = tokio::join!(at_once(calls), health_under_load(at));
    let (refused, told) = (refused?, health?);
    let took = begun.elapsed();
    assert_eq!(refused.len(), 3000);
    for status in &refused {
        let known = [Code::Unavailable, Code::ResourceExhausted].contains(&status.code());
        assert!(known && status.get_details_retry_info().is_some(), "{status:?}");
    }
    let shed = refused.iter().filter(|it| it.code() == Code::ResourceExhausted).count();
    figure(&format!("3000 calls ended in {took:?}, {shed} shed; health was told in {told:?}"));
    assert!(took < Duration::from_secs(20), "{took:?}");

    deployment.redis.thaw()?;
    within(BACK, "codes are verified again", async || {
        let request = guess("jane", "123456123456", unique("key"));
        Ok(verifiers[0].clone().verify_code(request).await.is_ok())
    })
    .await
}

/// Checks the health of a service several times. Returns the longest time until an answer. The
/// status depends on how long the store has been unavailable.
async fn health_under_load(at: SocketAddr) -> anyhow::Result<Duration> {
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let begun = Instant::now();
        is_serving(at).await?;
        longest = longest.max(begun.elapsed());
    }
    // A generous limit, since everything runs on one machine.
    assert!(longest < Duration::from_secs(15), "{longest:?}");
    Ok(longest)
}
