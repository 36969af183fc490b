//! Random histories: whatever is done to a few users, Redis and memory show the same.
//!
//! One server goes through more than 100,000 operations a run. `POSTERN_HISTORIES=2000` makes it
//! two million.

use std::sync::Arc;

use clock::FakeClock;
use codes::conformance::Bench;
use codes::conformance::history::{Op, keeps_the_invariants, op};
use codes::memory::{MemoryClaimStore, MemoryCodeStore};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store_redis::connection::Connection;

use crate::confirmed::{self, patient_bench};
use crate::contracts::{cluster, sentinel, standalone};
use crate::servers::cluster::CLUSTER;

/// How many histories run beside each other.
const ABREAST: usize = 8;

/// How many operations a history has; shrinking leaves out what does not matter.
const LENGTH: std::ops::Range<usize> = 100..160;

fn memory_bench() -> Bench {
    let clock = Arc::new(FakeClock::default());
    let store = Arc::new(MemoryCodeStore::new(Arc::clone(&clock) as Arc<dyn clock::Clock>));
    let promoted = Arc::clone(&store);
    let claims = Arc::new(MemoryClaimStore::new(Arc::clone(&clock) as Arc<dyn clock::Clock>));
    Bench { store, claims, clock, promote: Box::new(move || promoted.promote()) }
}

/// Runs that many rounds of histories abreast, and says how many operations they had.
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
                let there = keeps_the_invariants(memory_bench(), &ops).await;
                (here, there)
            })
        });
        let all = runtime.block_on(async { join_all(all).await });
        for seen in all {
            let (here, there) = seen.map_err(|panic| TestCaseError::fail(panic.to_string()))?;
            prop_assert_eq!(here, there);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    counted.get()
}

#[test]
fn a_hundred_thousand_operations_look_as_they_do_in_memory() {
    let rounds = std::env::var("POSTERN_HISTORIES").ok().and_then(|rounds| rounds.parse().ok());
    let rounds = rounds.unwrap_or(105);
    let operations = histories_look_as_in_memory(standalone, crate::bench, rounds);
    assert!(rounds < 105 || operations >= 100_000, "{operations}");
}

#[test]
fn histories_behind_sentinels_look_as_they_do_in_memory() {
    histories_look_as_in_memory(sentinel, crate::bench, 4);
}

#[test]
fn histories_that_wait_for_a_replica_look_as_they_do_in_memory() {
    histories_look_as_in_memory(confirmed::pair, patient_bench, 2);
    histories_look_as_in_memory(|| confirmed::connect(&CLUSTER.url()), patient_bench, 1);
}

#[test]
fn histories_in_a_cluster_look_as_they_do_in_memory() {
    histories_look_as_in_memory(cluster, crate::bench, 4);
}
