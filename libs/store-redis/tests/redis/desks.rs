//! Desks in Redis: the contract on every topology, histories against memory, lost replies, and what is
//! left behind.

mod failover;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use clock::FakeClock;
use desk::conformance::history::{Op, keeps_the_invariants, op};
use desk::conformance::{Bench, Room};
use desk::memory::MemoryDeskStore;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store_redis::connection::Connection;
use store_redis::connection::address::Access;
use store_redis::desks::RedisDeskStore;

use crate::contracts::{cluster, sentinel, standalone, tls};
use crate::servers::STANDALONE;
use crate::servers::proxy::proxy;

pub(crate) fn bench(connection: Connection) -> Bench {
    let codes = crate::bench(connection.clone());
    let store = RedisDeskStore::new(connection).with_clock(codes.clock.clone());
    Bench { codes, store: Arc::new(store) }
}

fn memory_bench() -> Bench {
    let clock = Arc::new(FakeClock::default());
    let codes = codes::conformance::Bench::in_memory(clock.clone());
    Bench { codes, store: Arc::new(MemoryDeskStore::new(clock)) }
}

macro_rules! contracts {
    ($($topology:ident: $connect:path;)*) => {
        $(
            mod $topology {
                desk::desk_store_contract!(super::bench($connect()));
            }
        )*
    };
}

contracts! {
    on_one_server: super::standalone;
    over_tls: super::tls;
    behind_sentinels: super::sentinel;
    in_a_cluster: super::cluster;
}

/// The number of histories that run concurrently.
const ABREAST: usize = 8;

fn histories_look_as_in_memory(connect: fn() -> Connection, rounds: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let connection = runtime.block_on(async { connect() });
    let config = ProptestConfig { cases: rounds, failure_persistence: None, ..Default::default() };
    let histories = prop::collection::vec(prop::collection::vec(op(), 40..100), ABREAST);
    let outcome = TestRunner::new(config).run(&histories, |histories| {
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
            let differs = here.iter().zip(&there).position(|(here, there)| here != there);
            prop_assert!(
                here.len() == there.len() && differs.is_none(),
                "{:?}",
                differs.map(|at| (at / 4, &here[at], &there[at])),
            );
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// I23, I24, I25, I30.
#[test]
fn histories_give_the_same_results_as_in_memory() {
    let rounds = std::env::var("POSTERN_HISTORIES").ok().and_then(|rounds| rounds.parse().ok());
    histories_look_as_in_memory(standalone, rounds.unwrap_or(40));
    histories_look_as_in_memory(cluster, 2);
}

/// I25: one reply in three is lost, between check, admission, issue and settling. A retry under the same
/// key continues: nothing is counted twice, and each key gets one code.
#[tokio::test(flavor = "multi_thread")]
async fn lost_replies_cost_nothing_twice() {
    let (address, mischief) = proxy(STANDALONE.port).await;
    let connection = crate::connect(&format!("redis://{address}"), Access::default());
    let room = Room::new(bench(connection), Room::generous());
    for round in 1..=50 {
        let name = format!("user-{round}");
        mischief.one_in.store(3, Ordering::SeqCst);
        let first = room.insist("ada", &name, "first").await;
        let again = room.insist("ada", &name, "first").await;
        mischief.one_in.store(0, Ordering::SeqCst);
        assert_eq!(first.code_id, again.code_id);
        let facts = room.facts("ada", &name).await;
        assert_eq!((facts.user.number, facts.agent.number, facts.group.number), (1, round, round));
    }
    let lost = mischief.lost.load(Ordering::SeqCst);
    assert!(lost > 100, "{lost}");
}
