//! Puts load on a gRPC server and records the result of each call.
//!
//! # Why our own
//! A code is valid once, so every verification needs a body of its own. h2load sends one body for
//! all calls and does not see the gRPC status. This generator sends bodies encoded in advance over
//! `h2`, the library of the services, and keeps each answer for later checks. The benchmark also
//! runs h2load wherever one body suffices, and prints both figures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderValue, Request};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// The connections of a run. A Kubernetes Service balances connections, not calls: one connection
/// would load only one replica.
pub(crate) const CONNECTIONS: usize = 4;
/// The concurrent calls of a run: enough to hide network latency, too few for a long queue.
pub(crate) const IN_FLIGHT: usize = 64;

/// A connection for calls.
pub(crate) type Connection = SendRequest<Bytes>;

/// The target of the calls, and the credentials.
#[derive(Clone)]
pub(crate) struct Target {
    /// The replicas of one service. The connections are spread over them.
    pub(crate) at: Vec<SocketAddr>,
    /// `/package.Service/Rpc`.
    pub(crate) path: &'static str,
    pub(crate) token: String,
}

/// The pace of the calls.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// Closed loop: the next call starts when one has ended.
    Full,
    /// Closed loop with one call at a time on each connection, so that no call queues.
    Gentle,
    /// One call at a time.
    Single,
    /// Open loop: that many calls a second, whether or not earlier ones have ended.
    Rate(u32),
}

/// The result of a run.
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    /// Sorted.
    pub(crate) durations: Vec<Duration>,
    /// The number of calls with each gRPC status.
    pub(crate) statuses: BTreeMap<String, usize>,
    /// The answers, in the order of the calls' bodies.
    pub(crate) answers: Vec<Bytes>,
}

/// The result of a call.
pub(crate) struct Answer {
    index: usize,
    pub(crate) took: Duration,
    pub(crate) status: String,
    body: Bytes,
}

/// The given quantile of sorted durations.
pub(crate) fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((share * last as f64).round() as usize).copied().unwrap_or_default()
}

impl Outcome {
    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.durations.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The given quantile of the durations.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        quantile(&self.durations, share)
    }

    /// The number of calls with a status other than OK.
    pub(crate) fn errors(&self) -> usize {
        self.statuses.iter().filter(|(status, _)| *status != "0").map(|(_, count)| count).sum()
    }

    /// Fails if a call failed, since the figures would include errors.
    pub(crate) fn all_well(self) -> anyhow::Result<Self> {
        if self.errors() > 0 {
            bail!("{} calls failed; by status: {:?}", self.errors(), self.statuses);
        }
        Ok(self)
    }
}

/// Makes one call with each body.
pub(crate) async fn drive(
    target: &Target,
    bodies: Vec<Bytes>,
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let count = bodies.len();
    let mut connections = Vec::new();
    for at in target.at.iter().cycle().take(CONNECTIONS) {
        connections.push(connect(*at).await?);
    }
    let begun = Instant::now();
    let answers = match pace {
        Pace::Full => closed(target, bodies, &connections, IN_FLIGHT).await?,
        Pace::Gentle => closed(target, bodies, &connections, CONNECTIONS).await?,
        Pace::Single => closed(target, bodies, &connections, 1).await?,
        Pace::Rate(rate) => open(target, bodies, &connections, rate).await?,
    };
    Ok(summary(answers, count, begun.elapsed()))
}

/// Closed loop: that many workers, each with one call at a time.
async fn closed(
    target: &Target,
    bodies: Vec<Bytes>,
    connections: &[Connection],
    in_flight: usize,
) -> anyhow::Result<Vec<Answer>> {
    let (bodies, next) = (Arc::new(bodies), Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for worker in 0..in_flight {
        let (bodies, next, target) = (Arc::clone(&bodies), Arc::clone(&next), target.clone());
        let connection = connections[worker % connections.len()].clone();
        workers.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(body) = bodies.get(index) else { break };
                answers.push(call(&target, connection.clone(), index, body.clone()).await?);
            }
            anyhow::Ok(answers)
        });
    }
    let mut answers = Vec::new();
    while let Some(worker) = workers.join_next().await {
        answers.extend(worker??);
    }
    Ok(answers)
}

/// Open loop: each millisecond starts the calls due by then, so that slow answers do not lower the
/// rate.
async fn open(
    target: &Target,
    bodies: Vec<Bytes>,
    connections: &[Connection],
    rate: u32,
) -> anyhow::Result<Vec<Answer>> {
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    for (index, body) in bodies.into_iter().enumerate() {
        while begun.elapsed().as_secs_f64() * f64::from(rate) < index as f64 {
            ticks.tick().await;
        }
        let (connection, target) = (connections[index % connections.len()].clone(), target.clone());
        calls.spawn(async move { call(&target, connection, index, body).await });
    }
    let mut answers = Vec::new();
    while let Some(answer) = calls.join_next().await {
        answers.push(answer??);
    }
    Ok(answers)
}

/// Opens a connection to that address.
pub(crate) async fn connect(at: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 24);
    let (sender, connection) = builder.handshake(stream).await?;
    // Ends with the connection. Its errors appear in the calls.
    tokio::spawn(connection);
    Ok(sender)
}

/// Makes one call.
pub(crate) async fn call(
    target: &Target,
    connection: Connection,
    index: usize,
    body: Bytes,
) -> anyhow::Result<Answer> {
    let begun = Instant::now();
    let mut request = Request::post(format!("http://service{}", target.path))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if !target.token.is_empty() {
        let header = HeaderValue::try_from(format!("Bearer {}", target.token))?;
        request = request.header("authorization", header);
    }
    let mut connection = connection.ready().await?;
    let (response, mut stream) = connection.send_request(request.body(())?, false)?;
    stream.send_data(body, true)?;
    let response = response.await?;
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(data) = incoming.data().await {
        let data = data?;
        incoming.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    let trailers = incoming.trailers().await?.unwrap_or_default();
    let status = trailers.get("grpc-status").or_else(|| head.headers.get("grpc-status"));
    let status = status.context("an answer without a gRPC status")?.to_str()?.to_owned();
    Ok(Answer { index, took: begun.elapsed(), status, body: body.freeze() })
}

fn summary(answers: Vec<Answer>, count: usize, elapsed: Duration) -> Outcome {
    let mut outcome = Outcome {
        elapsed,
        durations: Vec::with_capacity(count),
        statuses: BTreeMap::new(),
        answers: vec![Bytes::new(); count],
    };
    for Answer { index, took, status, body } in answers {
        outcome.durations.push(took);
        *outcome.statuses.entry(status).or_default() += 1;
        outcome.answers[index] = body;
    }
    outcome.durations.sort_unstable();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(index: usize, milliseconds: u64, status: &str) -> Answer {
        let took = Duration::from_millis(milliseconds);
        Answer { index, took, status: status.to_owned(), body: Bytes::from(index.to_string()) }
    }

    #[test]
    fn a_summary_orders_durations_and_keeps_each_answer_with_its_call() {
        let answers = vec![answer(2, 1, "0"), answer(0, 3, "0"), answer(1, 2, "0")];
        let outcome = summary(answers, 3, Duration::from_secs(1)).all_well().expect("no error");
        assert_eq!(outcome.quantile(0.5), Duration::from_millis(2));
        assert_eq!(outcome.quantile(1.0), Duration::from_millis(3));
        assert_eq!(outcome.answers, ["0", "1", "2"]);
        assert!((outcome.rate() - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_run_with_an_error_is_invalid() {
        let answers = vec![answer(0, 1, "0"), answer(1, 1, "16")];
        let outcome = summary(answers, 2, Duration::from_secs(1));
        assert_eq!(outcome.errors(), 1);
        assert!(outcome.all_well().is_err());
    }
}
