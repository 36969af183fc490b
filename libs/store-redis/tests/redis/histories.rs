//! Random histories: the same operations give the same results in Redis and in memory.
//!
//! One server runs more than 100,000 operations a test run. `POSTERN_HISTORIES=2000` runs two
//! million.

use std::sync::Arc;

use clock::FakeClock;
use codes::conformance::Bench;
use codes::conformance::history::{Op, keeps_the_invariants, op};
use codes::conformance::strangers::{story, views};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store_redis::connection::Connection;

use crate::confirmed;
use crate::contracts::{cluster, sentinel, standalone};
use crate::patient;
use crate::servers::cluster::CLUSTER;

/// The number of histories that run concurrently.
const ABREAST: usize = 8;

/// The number of operations in a history. Shrinking removes the irrelevant ones.
const LENGTH: std::ops::Range<usize> = 100..160;

/// Runs that many rounds of concurrent histories and returns the number of operations.
fn histories_look_as_in_memory(
    connect: fn() -> Connection,
    bench: fn(Connection) -> Bench,
    rounds: u32,
) -> usize {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let connection = runtime.block_on(async { connect() });
    let counted = std::cell::Cell::new(0);
    let config = ProptestConfig { cases: rounds, failure_persistence: None, ..Default::default() };
    let histories = prop::collection::vec(prop::collection::vec(op(), LENGTH), ABREAST);
    let outcome = TestRunner::new(config).run(&histories, |histories| {
        counted.set(counted.get() + histories.iter().map(Vec::len).sum::<usize>());
        let all = histories.into_iter().map(|ops: Vec<Op>| {
            let connection = connection.clone();
            tokio::task::spawn(async move {
                let here = keeps_the_invariants(bench(connection), &ops).await;
                let there =
                    keeps_the_invariants(Bench::in_memory(Arc::new(FakeClock::default())), &ops)
                        .await;
                (here, there)
            })
        });
        let all = runtime.block_on(async { join_all(all).await });
        for seen in all {
            let (here, there) = seen.map_err(|panic| TestCaseError::fail(panic.to_string()))?;
            // Only the first difference tells anything.
            let differs = here.iter().zip(&there).position(|(here, there)| here != there);
            prop_assert!(
                here.len() == there.len() && differs.is_none(),
                "after step {:?}: {:?}",
                differs.map(|at| at / 3),
                differs.map(|at| (&here[at], &there[at])),
            );
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    counted.get()
}

/// I27.
#[test]
fn strangers_change_nothing_that_the_owner_sees() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let connection = runtime.block_on(async { standalone() });
    let config = ProptestConfig { failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&story(), |story| {
        let play = |has_strangers| views(patient::bench(connection.clone()), &story, has_strangers);
        let (with, without) =
            runtime.block_on(async { futures_util::future::join(play(true), play(false)).await });
        prop_assert_eq!(with, without);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn a_hundred_thousand_operations_give_the_same_results_as_in_memory() {
    let rounds = std::env::var("POSTERN_HISTORIES").ok().and_then(|rounds| rounds.parse().ok());
    let rounds = rounds.unwrap_or(105);
    let operations = histories_look_as_in_memory(standalone, patient::bench, rounds);
    assert!(rounds < 105 || operations >= 100_000, "{operations}");
}

#[test]
fn histories_behind_sentinels_give_the_same_results_as_in_memory() {
    histories_look_as_in_memory(sentinel, patient::bench, 4);
}

#[test]
fn histories_with_replica_confirmation_give_the_same_results_as_in_memory() {
    histories_look_as_in_memory(confirmed::pair, patient::bench, 2);
    histories_look_as_in_memory(|| confirmed::connect(&CLUSTER.url()), patient::bench, 1);
}

#[test]
fn histories_in_a_cluster_give_the_same_results_as_in_memory() {
    histories_look_as_in_memory(cluster, patient::bench, 4);
}
