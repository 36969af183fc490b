//! The fence: a code verifies only on the primary that issued it, and only until that primary
//! restarts or another one is promoted. Each test also shows what happens without the fence.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use codes::record::{DenialReason, IssueOutcome, VerifyOutcome};
use codes::store::CodeStore;
use store_redis::codes::RedisCodeStore;

use crate::cases::{Case, is_accepted, reason};
use crate::mutants::{self, Mutation, store_at};
use crate::servers::proxy::{Mischief, proxy};
use crate::servers::{Server, eventually};

/// A primary, a replica that follows it over a link that can be cut, and a store at each.
struct Pair {
    primary: Server,
    replica: Server,
    line: Mischief,
    at_primary: RedisCodeStore,
    at_replica: RedisCodeStore,
}

impl Pair {
    async fn start(mutation: Mutation) -> Self {
        let primary = Server::start("");
        let (address, line): (SocketAddr, _) = proxy(primary.port).await;
        let replica = Server::start("");
        follow(&replica, address.port());
        let at_primary = store_at(&primary, mutation).await;
        let at_replica = store_at(&replica, mutation).await;
        Self { primary, replica, line, at_primary, at_replica }
    }

    /// Issues a code that the replica receives, then cuts the link.
    async fn last_shared_code(&self, is_paired: bool) -> Case {
        let case = Case::issued_as(is_paired, &self.at_primary).await;
        let key = format!("pcode:{{{}}}", case.subject);
        wait("the replica has the code", || self.replica.cli(&["EXISTS", &key]).contains('1'));
        self.line.cut.store(true, Ordering::SeqCst);
        wait("the line is cut", || {
            self.replica.cli(&["INFO", "replication"]).contains("master_link_status:down")
        });
        case
    }
}

fn wait(what: &str, is_so: impl FnMut() -> bool) {
    tokio::task::block_in_place(|| eventually(what, is_so));
}

fn follow(replica: &Server, port: u16) {
    replica.cli(&["REPLICAOF", "127.0.0.1", &port.to_string()]);
    wait("the replica follows", || {
        replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
    });
}

fn promote(server: &Server) {
    assert!(server.cli(&["REPLICAOF", "NO", "ONE"]).contains("OK"));
}

/// Waits until the store serves, and redeems the code there.
async fn redeem(case: &Case, store: &dyn CodeStore) -> VerifyOutcome {
    serves(store).await;
    case.redeem(store).await
}

async fn serves(store: &dyn CodeStore) {
    for _ in 0..200 {
        let case = Case::of(crate::cases::stranger());
        if case.guess(store, case.digest, crate::cases::attempt()).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the store does not serve within 10 s");
}

/// T-B5: a code is redeemed at a primary. Its replica does not receive that write and is promoted.
/// Returns the outcome of redeeming the code there.
async fn after_the_primary_was_lost(mutation: Mutation, is_paired: bool) -> VerifyOutcome {
    let mut pair = Pair::start(mutation).await;
    let case = pair.last_shared_code(is_paired).await;
    assert!(is_accepted(&case.redeem(&pair.at_primary).await));
    pair.primary.kill();
    promote(&pair.replica);
    redeem(&case, &pair.at_replica).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_accepted_again_after_its_primary_was_lost() {
    for is_paired in [false, true] {
        let again = after_the_primary_was_lost(mutants::NONE, is_paired).await;
        assert_eq!(reason(&again), Some(DenialReason::Fenced), "paired: {is_paired}");
    }
    let again = after_the_primary_was_lost(mutants::NO_FENCE, true).await;
    assert!(is_accepted(&again), "without the fence it is: {again:?}");
}

/// T-B6: the number of primaries that accept one code, when each takes the other for lost.
async fn accepted_in_a_split_brain(mutation: Mutation, is_paired: bool) -> usize {
    let pair = Pair::start(mutation).await;
    let case = pair.last_shared_code(is_paired).await;
    promote(&pair.replica);
    serves(&pair.at_replica).await;
    let (one, other) = (case.redeem(&pair.at_primary), case.redeem(&pair.at_replica));
    let (one, other) = futures_util::future::join(one, other).await;
    usize::from(is_accepted(&one)) + usize::from(is_accepted(&other))
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_split_brain_only_one_primary_accepts_a_code() {
    for is_paired in [false, true] {
        assert_eq!(accepted_in_a_split_brain(mutants::NONE, is_paired).await, 1, "{is_paired}");
    }
    let accepted = accepted_in_a_split_brain(mutants::NO_FENCE, true).await;
    assert_eq!(accepted, 2, "without the fence both do");
}

/// T-B7: a code is redeemed at a primary, which is then demoted, follows another primary without
/// that write, and is promoted again. Returns the outcome of redeeming the code there.
async fn after_a_demotion(mutation: Mutation) -> VerifyOutcome {
    let pair = Pair::start(mutation).await;
    let case = pair.last_shared_code(false).await;
    assert!(is_accepted(&case.redeem(&pair.at_primary).await));
    promote(&pair.replica);
    follow(&pair.primary, pair.replica.port);
    promote(&pair.primary);
    redeem(&case, &pair.at_primary).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_returns_to_a_primary_that_was_demoted_meanwhile() {
    let again = after_a_demotion(mutants::NONE).await;
    assert_eq!(reason(&again), Some(DenialReason::Fenced));
    for mutation in [mutants::NO_FENCE, mutants::RUN_ID_ALONE] {
        let again = after_a_demotion(mutation).await;
        assert!(is_accepted(&again), "with {mutation:?} it does: {again:?}");
    }
}

/// The number of servers that accept a code, of two: the primary that issued it, and a former
/// primary that now follows it as a writable replica.
async fn accepted_with_a_writable_replica(mutation: Mutation) -> usize {
    let pair = Pair::start(mutation).await;
    promote(&pair.replica);
    serves(&pair.at_replica).await;
    serves(&pair.at_primary).await;
    assert!(pair.primary.cli(&["CONFIG", "SET", "replica-read-only", "no"]).contains("OK"));
    follow(&pair.primary, pair.replica.port);
    let case = Case::issued(&pair.at_replica).await;
    let key = format!("pcode:{{{}}}", case.subject);
    wait("the replica has the code", || pair.primary.cli(&["EXISTS", &key]).contains('1'));
    let at_the_replica = case.guess(&pair.at_primary, case.digest, crate::cases::attempt()).await;
    let at_its_primary = case.redeem(&pair.at_replica).await;
    usize::from(at_the_replica.is_ok_and(|outcome| is_accepted(&outcome)))
        + usize::from(is_accepted(&at_its_primary))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_accepted_at_a_writable_replica() {
    assert_eq!(accepted_with_a_writable_replica(mutants::NONE).await, 1);
    let twice = accepted_with_a_writable_replica(mutants::REPLICAS_TOO).await;
    assert_eq!(twice, 2, "were a replica as good as its primary");
}

/// The number of guesses compared with a code. The replica does not receive the first two.
async fn compared_across_a_failover(mutation: Mutation, is_paired: bool) -> usize {
    let pair = Pair::start(mutation).await;
    let case = pair.last_shared_code(is_paired).await;
    let mut outcomes = vec![case.fail(&pair.at_primary).await, case.fail(&pair.at_primary).await];
    promote(&pair.replica);
    serves(&pair.at_replica).await;
    for _ in 0..3 {
        outcomes.push(case.fail(&pair.at_replica).await);
    }
    let compared = [Some(DenialReason::WrongCode), Some(DenialReason::Burned)];
    outcomes.iter().filter(|outcome| compared.contains(&reason(outcome))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_compared_with_more_guesses_after_its_primary_was_lost() {
    for is_paired in [false, true] {
        assert_eq!(compared_across_a_failover(mutants::NONE, is_paired).await, 2, "{is_paired}");
    }
    let mutation = mutants::FENCE_FOR_RIGHT_GUESSES;
    let compared = compared_across_a_failover(mutation, true).await;
    assert_eq!(compared, 5, "without the fence for wrong guesses");
}

/// A pairing that is lost with its primary costs its journey another number, nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_that_is_lost_with_its_primary_is_not_found_and_can_be_had_again() {
    let mut pair = Pair::start(mutants::NONE).await;
    pair.last_shared_code(false).await;
    let mut case = Case::of(crate::cases::stranger());
    case.pair(&pair.at_primary).await.expect("the primary answers");
    pair.primary.kill();
    promote(&pair.replica);
    serves(&pair.at_replica).await;
    let lost = case.ask(&pair.at_replica, crate::cases::attempt()).await;
    assert!(matches!(lost, Ok(IssueOutcome::PairingNotFound)), "{lost:?}");
    case.pair(&pair.at_replica).await.expect("the new primary answers");
    let issued = case.ask(&pair.at_replica, crate::cases::attempt()).await;
    assert!(matches!(issued, Ok(IssueOutcome::Issued { paired: true, .. })), "{issued:?}");
    assert!(is_accepted(&case.redeem(&pair.at_replica).await));
}
