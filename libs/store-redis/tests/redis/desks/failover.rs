//! A primary is lost: what was acknowledged is kept, and limits are exceeded by no more than was lost.

use std::time::Duration;

use clock::Clock as _;
use codes::issuer::Issuance;
use desk::conformance::{Room, agent_of, collecting, issued, keyed, pending, refused};
use desk::messages::DeskIssuance;
use desk::names::Scope;
use desk::policy::{DeskSettings, Limits};
use desk::rule::Rule;
use desk::store::{Admission, Stop};
use store_redis::connection::Connection;
use store_redis::connection::address::Access;
use tokio::task::block_in_place;

use super::bench;
use crate::confirmed;
use crate::servers::pair::{Pair, Stopped};
use crate::servers::{Server, eventually};

const MINUTE: Duration = Duration::from_secs(60);

fn plain(server: &Server) -> Connection {
    crate::connect(&server.url(), Access::default())
}

/// Freezes the primary and makes its replica the primary.
fn fail_over(pair: &Pair) -> Stopped {
    let stopped = pair.primary.stopped();
    pair.replica.cli(&["REPLICAOF", "NO", "ONE"]);
    eventually("the replica is promoted", || {
        pair.replica.cli(&["INFO", "replication"]).contains("role:master")
    });
    stopped
}

/// Asks under a key: on a busy machine a replica can be late.
async fn named(room: &Room, agent: &str, name: &str) -> DeskIssuance {
    room.issue(agent, &keyed(&room.ask(name), &format!("{agent}-{name}"))).await
}

/// Sets a brake or lifts a freeze, again while a replica is late.
async fn insist(room: &Room, stop: &Stop) {
    let now = room.world.bench.clock.now();
    while room.store().stop(room.application(), now, stop.clone()).await.is_err() {}
}

/// Sets a brake that no replica acknowledges, until the wait for the replica is what fails. On a busy
/// machine the deadline of the whole call can come first. It must never succeed.
async fn unacknowledged(room: &Room, stop: &Stop) {
    let now = room.world.bench.clock.now();
    for _ in 0..20 {
        let set = room.store().stop(room.application(), now, stop.clone()).await;
        if set.expect_err("no replica").to_string().contains("not confirmed") {
            return;
        }
    }
    panic!("the call did not wait for the replica");
}

/// I24, I30: at any durability level, a brake, a freeze and the use of an approval.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn brakes_freezes_and_used_approvals_survive_a_failover() {
    let pair = block_in_place(Pair::start);
    let limits = Limits { agent_per_hour: Some(1), ..Limits::default() };
    let settings = DeskSettings { limits, ..Room::settings() };
    let room = Room::new(bench(plain(&pair.primary)), settings);
    let ask = room.ask("root");
    let id = pending(&room.issue("ada", &ask).await).request_id;
    room.approve("bob", id).await;
    issued(room.issue("ada", &keyed(&collecting(&ask, id), "first")).await);
    pending(&room.issue_for("ada", "jane").await);
    assert_eq!(refused(&named(&room, "ada", "john").await), &Rule::FrozenAgent);
    insist(&room, &Stop::Brake(Scope::Agent(agent_of("eve")), MINUTE)).await;

    let _gone = block_in_place(|| fail_over(&pair));
    let after = room.over(bench(plain(&pair.replica)));
    assert!(matches!(refused(&after.issue_for("eve", "jane").await), Rule::Brake { .. }));
    assert_eq!(refused(&after.issue_for("ada", "john").await), &Rule::FrozenAgent);
    insist(&after, &Stop::Thaw(agent_of("ada"))).await;
    let other = keyed(&collecting(&ask, id), "second");
    assert_eq!(refused(&after.issue("ada", &other).await), &Rule::ApprovalUsed);
}

/// A replica that does not acknowledge holds back only what must not be lost with the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_brake_waits_for_the_replica_where_there_is_one() {
    let pair = block_in_place(Pair::start);
    let room = Room::new(bench(plain(&pair.primary)), Room::generous());
    let brake = || Stop::Brake(Scope::Agent(agent_of("eve")), MINUTE);
    {
        let _stopped = block_in_place(|| pair.replica.stopped());
        unacknowledged(&room, &brake()).await;
        issued(room.issue_for("ada", "jane").await);
    }
    // It was set, and is acknowledged now.
    assert!(matches!(refused(&room.issue_for("eve", "jane").await), Rule::Brake { .. }));
    insist(&room, &brake()).await;
}

/// I25, I26: the primary is lost between the steps of an issue. A retry under the same key continues where the
/// step that was lost had not yet given a code: nothing is counted twice, and no ticket is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_retry_continues_after_a_failover_between_the_steps_of_an_issue() {
    let pair = block_in_place(Pair::start);
    let room = Room::new(bench(plain(&pair.primary)), Room::generous());
    let key = |room: &Room, name: &str| keyed(&room.ask(name), &format!("{name}-first"));
    assert_eq!(
        room.admit("ada", &key(&room, "jane")).await,
        Admission::Admitted { was_issued: false }
    );
    let code = issued(room.issue("ada", &key(&room, "john")).await);
    block_in_place(|| pair.in_step());
    let _gone = block_in_place(|| fail_over(&pair));

    let after = room.over(bench(plain(&pair.replica)));
    issued(after.issue("ada", &key(&after, "jane")).await);
    assert_eq!(after.facts("ada", "jane").await.user.number, 1, "counted once");
    let mut stranger = key(&after, "eve");
    stranger.issue.context.ticket_ref = after.ask("jane").issue.context.ticket_ref;
    assert_eq!(refused(&after.issue("ada", &stranger).await), &Rule::TicketTaken);
    // A code of the lost primary verifies nowhere: its key stands for it, and a new one gives another code.
    let again = after.issue("ada", &key(&after, "john")).await;
    assert!(matches!(again, DeskIssuance::Decided(Issuance::Conflict)), "{again:?}");
    let next = issued(named(&after, "ada", "john").await);
    assert_ne!(next.code_id, code.code_id);
    let facts = after.facts("ada", "john").await;
    assert_eq!((facts.user.number, facts.agent.number), (2, 3), "one for each code and retry");
}

async fn admitted(room: &Room, at_most: u32, from: u32) -> u32 {
    for number in 0..at_most {
        let name = format!("user-{}", from + number);
        if !matches!(named(room, "ada", &name).await, DeskIssuance::Decided(_)) {
            return number;
        }
    }
    at_most
}

/// I25: exactly where outcomes wait for replicas; else up to what the failover loses.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_hold_across_a_failover_up_to_what_it_loses() {
    const LIMIT: u32 = 6;
    let limits = Limits { agent_per_hour: Some(LIMIT), ..Limits::default() };
    let settings = || DeskSettings { limits, approval: None, ..Room::settings() };

    let pair = block_in_place(Pair::start);
    let room = Room::new(bench(confirmed::connect(&pair.primary.url())), settings());
    let before = admitted(&room, 4, 0).await;
    let gone = block_in_place(|| fail_over(&pair));
    let after = room.over(bench(plain(&pair.replica)));
    assert_eq!((before, admitted(&after, 10, 10).await), (4, LIMIT - 4), "replicated");
    drop(gone);

    let pair = block_in_place(Pair::start);
    let room = Room::new(bench(plain(&pair.primary)), settings());
    assert_eq!(admitted(&room, 2, 0).await, 2);
    block_in_place(|| pair.in_step());
    let behind = block_in_place(|| pair.replica.stopped());
    let lost = admitted(&room, 2, 2).await;
    let _gone = block_in_place(|| pair.primary.stopped());
    drop(behind);
    block_in_place(|| pair.replica.cli(&["REPLICAOF", "NO", "ONE"]));
    let after = room.over(bench(plain(&pair.replica)));
    let more = admitted(&after, 10, 10).await;
    assert!((LIMIT - 4..=LIMIT - 4 + lost).contains(&more), "fenced: {more} after {lost}");
}
