//! Generates more calls than a verifier can serve.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::calls::verify_body;
use crate::generator::{Connection, Outcome, Target, call, connect};

/// The connections of a flood: enough that no call waits for a free stream.
const CONNECTIONS: usize = 48;
/// The deadline of a caller.
const DEADLINE: Duration = Duration::from_secs(1);
/// The retry delay that a refusal asks for.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The gRPC statuses OK and `RESOURCE_EXHAUSTED`, and a word for no status.
const SERVED: &str = "0";
const REFUSED: &str = "8";
const NONE: &str = "none";

/// The status and duration of a call.
type Told = (String, Duration);

/// The result of a flood.
pub(super) struct Flood {
    /// Calls made per second.
    pub(super) asked: f64,
    pub(super) served: Outcome,
    pub(super) refused: Outcome,
    /// The number of calls with each gRPC status.
    pub(super) statuses: BTreeMap<String, usize>,
}

/// Open loop: makes that many calls a second for that time, without waiting for results.
pub(super) async fn flood(target: &Target, rate: f64, length: Duration) -> anyhow::Result<Flood> {
    let connections = connections(target).await?;
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (begun, mut made) = (Instant::now(), 0);
    while begun.elapsed() < length {
        ticks.tick().await;
        while (made as f64) < begun.elapsed().as_secs_f64() * rate {
            let connection = connections[made % CONNECTIONS].clone();
            calls.spawn(ask(target.clone(), connection, made));
            made += 1;
        }
    }
    let elapsed = begun.elapsed();
    Ok(summary(calls.join_all().await, elapsed))
}

/// Runs that many callers for that time. A served caller calls again at once; a refused one first
/// waits for about the requested retry delay.
pub(super) async fn patient(
    target: &Target,
    callers: usize,
    length: Duration,
) -> anyhow::Result<Flood> {
    let connections = connections(target).await?;
    let (begun, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut calling = JoinSet::new();
    for caller in 0..callers {
        let (target, next) = (target.clone(), Arc::clone(&next));
        let connection = connections[caller % CONNECTIONS].clone();
        calling.spawn(async move {
            let mut told = Vec::new();
            // The callers' starts are spread out, and so are their retries.
            sleep(RETRY_AFTER.mul_f64(rand::random())).await;
            while begun.elapsed() < length {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let answer = ask(target.clone(), connection.clone(), number).await;
                if answer.0 != SERVED {
                    sleep(RETRY_AFTER.mul_f64(0.5 + rand::random::<f64>())).await;
                }
                told.push(answer);
            }
            told
        });
    }
    let told = calling.join_all().await.concat();
    Ok(summary(told, length))
}

/// A guess for a user without a code.
pub(super) fn guess(number: usize) -> Bytes {
    verify_body(&format!("unknown-{number}"), "123456".to_owned())
}

async fn connections(target: &Target) -> anyhow::Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(target.at[0]).await?);
    }
    Ok(connections)
}

async fn ask(target: Target, connection: Connection, number: usize) -> Told {
    let begun = Instant::now();
    let answer = timeout(DEADLINE, call(&target, connection, number, guess(number))).await;
    match answer {
        Ok(Ok(answer)) => (answer.status, answer.took),
        // After the deadline, or without a status.
        Ok(Err(_)) | Err(_) => (NONE.to_owned(), begun.elapsed()),
    }
}

fn summary(told: Vec<Told>, elapsed: Duration) -> Flood {
    let outcome = |status: &str| {
        let of_it = told.iter().filter(|(of, _)| of == status);
        let mut durations: Vec<_> = of_it.map(|(_, took)| *took).collect();
        durations.sort_unstable();
        Outcome { elapsed, durations, statuses: BTreeMap::new(), answers: Vec::new() }
    };
    let (served, refused) = (outcome(SERVED), outcome(REFUSED));
    let asked = told.len() as f64 / elapsed.as_secs_f64();
    let mut statuses = BTreeMap::new();
    for (status, _) in told {
        *statuses.entry(status).or_default() += 1;
    }
    Flood { asked, served, refused, statuses }
}
