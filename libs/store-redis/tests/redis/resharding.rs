//! A cluster that fails over or moves slots, under load: no code is accepted twice or compared with
//! more guesses than allowed, and no caller sees a redirection.
//!
//! `POSTERN_FAILOVERS=100` runs a hundred failovers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use codes::digest::Subject;
use codes::record::{DenialReason, IssueOutcome};
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::cases::{Case, attempt, is_accepted, reason, stranger};
use crate::failovers::{Outages, failovers};
use crate::load::Load;
use crate::patient::Patient;
use crate::servers::cli;
use crate::servers::cluster::{Cluster, Primary};

/// The slots of all users of a load, some on each primary. So whatever happens to a slot concerns
/// many of them.
const BUSY: [u16; 9] = [7, 1907, 3807, 5707, 7607, 9507, 11407, 13307, 15207];

/// The slot of a user's record.
fn slot(subject: Subject) -> u16 {
    // CRC-16/XMODEM of the hash tag.
    let crc = subject.to_string().bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % 16384
}

fn stranger_in(slots: &[u16]) -> Subject {
    loop {
        let subject = stranger();
        if slots.contains(&slot(subject)) {
            return subject;
        }
    }
}

fn busy_stranger() -> Subject {
    stranger_in(&BUSY)
}

fn owner(cluster: &Cluster, slot: u16) -> Primary {
    let primaries = cluster.primaries();
    primaries.into_iter().find(|primary| primary.has(slot)).expect("every slot has a primary")
}

/// Moves a slot from its primary to another, a few keys at a time. Returns when all nodes know.
async fn move_slot(cluster: &Cluster, slot: u16) -> Instant {
    let from = owner(cluster, slot);
    let to = cluster.primaries().into_iter().find(|other| *other != from).expect("three of them");
    let (slot, port) = (slot.to_string(), to.port.to_string());
    let set = |at: u16, state: &[&str]| {
        let said = cli(at, &[&["CLUSTER", "SETSLOT", &slot], state].concat());
        assert!(said.contains("OK"), "{state:?}: {said}");
    };
    set(to.port, &["IMPORTING", &from.id]);
    set(from.port, &["MIGRATING", &to.id]);
    for turn in 0.. {
        // The slot is split between two nodes for a while. Then the remaining keys follow at once.
        sleep(Duration::from_millis(20)).await;
        let number = if turn < 20 { "10" } else { "1000" };
        let keys = cli(from.port, &["CLUSTER", "GETKEYSINSLOT", &slot, number]);
        let keys: Vec<_> = keys.lines().filter(|key| !key.is_empty()).collect();
        if keys.is_empty() {
            break;
        }
        let migrate = ["MIGRATE", "127.0.0.1", &port, "", "0", "1000", "KEYS"];
        let said = cli(from.port, &[&migrate, keys.as_slice()].concat());
        assert!(said.contains("OK") || said.contains("NOKEY"), "{said}");
    }
    set(to.port, &["NODE", &to.id]);
    set(from.port, &["NODE", &to.id]);
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failovers_of_a_cluster_under_load_are_safe_and_short() {
    let mut cluster = block_in_place(Cluster::start);
    let url = cluster.url();
    let load = Load::start(|| crate::connect(&url, Access::default()), busy_stranger);
    let mut outages = Outages::default();
    load.recovery(Instant::now()).await;
    for turn in 0..failovers() {
        block_in_place(|| cluster.mend());
        // The primaries take turns. A 7.0 server that is promoted twice within twice the cluster's
        // node timeout counts the votes of the first election again and claims an outdated epoch,
        // which all other nodes reject. No client can help that.
        let old = owner(&cluster, BUSY[turn % 3 * 3]);
        let promoted = block_in_place(|| cluster.fail_over(&old, turn % 2 == 0));
        outages.push(load.recovery(promoted).await);
    }
    outages.conclude("failovers of a cluster", &load.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn slots_that_move_under_load_are_safe_and_soon_available() {
    let cluster = block_in_place(Cluster::start);
    let url = cluster.url();
    let load = Load::start(|| crate::connect(&url, Access::default()), busy_stranger);
    let mut outages = Outages::default();
    load.recovery(Instant::now()).await;
    for turn in 0..failovers() * 2 {
        let moved = move_slot(&cluster, BUSY[turn % BUSY.len()]).await;
        outages.push(load.recovery(moved).await);
    }
    outages.conclude("moved slots", &load.stop().await);
}

/// I27: journeys that paired before the move, codes issued by their numbers meanwhile and after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn open_pairings_move_with_their_slot() {
    let cluster = block_in_place(Cluster::start);
    let connection = crate::connect(&cluster.url(), Access::default());
    let store = Patient(Arc::new(RedisCodeStore::new(connection)));
    let mut cases = Vec::new();
    for _ in 0..40 {
        let mut case = Case::of(stranger_in(&BUSY[..1]));
        case.pair(&store).await.expect("the store answers");
        cases.push(case);
    }
    let (during, after) = cases.split_at(20);
    let issue = async |case: &Case| {
        let issued = case.ask(&store, attempt()).await;
        assert!(matches!(issued, Ok(IssueOutcome::Issued { paired: true, .. })), "{issued:?}");
    };
    tokio::join!(move_slot(&cluster, BUSY[0]), async {
        for case in during {
            issue(case).await;
            sleep(Duration::from_millis(10)).await;
        }
    });
    for case in after {
        issue(case).await;
    }
    for case in &cases {
        let elsewhere = case.redeem_elsewhere(&store).await;
        assert_eq!(reason(&elsewhere), Some(DenialReason::NotPaired));
        assert!(is_accepted(&case.redeem(&store).await));
    }
}

#[test]
fn the_computed_slots_match_the_cluster() {
    let subject = stranger();
    let key = format!("pcode:{{{subject}}}");
    let said = crate::servers::cluster::CLUSTER.nodes[0].cli(&["CLUSTER", "KEYSLOT", &key]);
    assert_eq!(said.trim(), slot(subject).to_string());
}
