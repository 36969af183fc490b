//! Commands and replies are lost: a caller that retries under the same id gets one outcome, and the
//! operation takes effect once.
//!
//! `POSTERN_LOSSES=10000` runs ten thousand rounds.

use std::time::{Duration, Instant};

use codes::record::{Attempt, DenialReason, IssueOutcome, VerifyOutcome};
use codes::store::StoreError;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;
use tokio::time::sleep;

use crate::cases::{Case, attempt, digest, is_accepted, reason, stranger};
use crate::mutants::{self, Mutation, teach};
use crate::servers::proxy::{Mischief, Point, proxy, proxy_at};
use crate::servers::{STANDALONE, Server, eventually, free_port};

/// The number of rounds that run concurrently, over separate connections.
const ABREAST: usize = 8;

/// How long a caller retries, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const POINTS: [Point; 3] = [Point::Command, Point::Reply, Point::HalfReply];

fn rounds() -> usize {
    let asked = std::env::var("POSTERN_LOSSES").ok();
    asked.map_or(240, |asked| asked.parse().expect("POSTERN_LOSSES is a number"))
}

/// A store with a lossy connection to its server.
struct Lossy {
    store: RedisCodeStore,
    mischief: Mischief,
}

impl Lossy {
    async fn new() -> Self {
        let (address, mischief) = proxy(STANDALONE.port).await;
        let connection = crate::connect(&format!("redis://{address}"), Access::default());
        Self { store: RedisCodeStore::new(connection), mischief }
    }

    /// Retries until there is an answer.
    async fn insist<T>(&self, ask: impl AsyncFn() -> Result<T, StoreError>) -> T {
        let began = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(StoreError::Unavailable(_)) => sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("no caller is told {error}"),
            }
            assert!(began.elapsed() < PATIENCE, "there is no answer within {PATIENCE:?}");
        }
    }

    async fn guess(&self, case: &Case, is_right: bool, attempt: Attempt) -> VerifyOutcome {
        let guess = if is_right { case.digest } else { digest() };
        self.insist(async || case.guess(&self.store, guess, attempt).await).await
    }

    /// Each operation once, with a loss each time. After one loss the store retries; after two, its
    /// caller must.
    async fn round(&self, number: usize) {
        let lose = |turn: usize| {
            let point = POINTS[(number + turn) % POINTS.len()];
            self.mischief.lose(point, 1 + usize::from((number + turn).is_multiple_of(4)));
        };
        let mut case = Case::of(stranger());
        if number.is_multiple_of(2) {
            lose(0);
            case = self.insist(async || self.paired(&case).await).await;
        }
        let name = attempt();
        lose(0);
        let issued = self.insist(async || case.ask(&self.store, name).await).await;
        let again = self.insist(async || case.ask(&self.store, name).await).await;
        for outcome in [issued, again] {
            let IssueOutcome::Issued { code_id, .. } = outcome else { panic!("{outcome:?}") };
            assert_eq!(code_id, case.code_id, "the retry gets the same code");
        }

        let name = attempt();
        lose(1);
        let denied = self.guess(&case, false, name).await;
        assert_eq!(reason(&denied), Some(DenialReason::WrongCode));
        assert_eq!(self.insist(async || self.failures(&case).await).await, 1, "counted once");

        let name = attempt();
        lose(2);
        let first = self.guess(&case, true, name).await;
        let again = self.guess(&case, true, name).await;
        for outcome in [first, again] {
            let VerifyOutcome::Accepted { code_id, .. } = outcome else { panic!("{outcome:?}") };
            // The grant is derived from the code's id.
            assert_eq!(code_id, case.code_id);
        }
        assert!(!is_accepted(&self.guess(&case, true, attempt()).await), "consumed once");
    }

    /// Pairs a journey: the retry gets the same number.
    async fn paired(&self, case: &Case) -> Result<Case, StoreError> {
        let mut case = case.clone();
        case.pair(&self.store).await?;
        let first = case.journey.clone();
        case.pair(&self.store).await?;
        assert_eq!(case.journey, first);
        Ok(case)
    }

    async fn failures(&self, case: &Case) -> Result<u32, StoreError> {
        use clock::Clock as _;
        use codes::store::CodeStore as _;
        let described = self.store.describe(case.subject, clock::SystemClock.now()).await;
        described.map(|it| it.lockout.failures + it.paired_lockout.failures)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_takes_effect_once_whatever_is_lost() {
    let rounds = rounds();
    let lines = (0..ABREAST).map(|line| async move {
        let lossy = Lossy::new().await;
        for number in (line..rounds).step_by(ABREAST) {
            lossy.round(number).await;
        }
        lossy.mischief.lost.load(std::sync::atomic::Ordering::SeqCst)
    });
    let lost = futures_util::future::join_all(lines).await.into_iter().sum::<usize>();
    assert!(lost >= 3 * rounds, "something is lost in every step: {lost}");
}

/// A cluster of one node that announces the address of a proxy.
async fn cluster_of_one(mutation: Mutation) -> (Server, Lossy) {
    let (at, bus) = (free_port(), free_port());
    let node = Server::start(&format!(
        "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-port {bus}\n\
         cluster-announce-ip 127.0.0.1\ncluster-announce-port {at}\ncluster-announce-bus-port {bus}"
    ));
    node.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    tokio::task::block_in_place(|| {
        eventually("the cluster serves", || {
            node.cli(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
        });
    });
    let swapped = teach(&node, mutation);
    let (_, mischief) = proxy_at(([127, 0, 0, 1], at).into(), node.port).await;
    mischief.swapped.set(swapped).expect("it is set once");
    let url = format!("redis+cluster://127.0.0.1:{at}");
    let store = RedisCodeStore::new(crate::connect(&url, Access::default()));
    (node, Lossy { store, mischief })
}

/// How often a guess is counted if its reply is lost and the cluster client retries it.
async fn counted_in_a_cluster(mutation: Mutation) -> u32 {
    let (_node, lossy) = cluster_of_one(mutation).await;
    let case = Case::of(stranger());
    lossy.insist(async || case.ask(&lossy.store, attempt()).await).await;
    lossy.mischief.lose_one();
    let outcome = case.guess(&lossy.store, digest(), attempt()).await;
    assert!(outcome.is_ok(), "the client's own second try has an answer: {outcome:?}");
    let lost = lossy.mischief.lost.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(lost, 1, "one reply was lost");
    lossy.insist(async || lossy.failures(&case).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_by_the_cluster_client_counts_once() {
    assert_eq!(counted_in_a_cluster(mutants::NONE).await, 1);
    let counted = counted_in_a_cluster(mutants::NO_MEMORY).await;
    assert_eq!(counted, 2, "it counts twice if operations are not recognised by id");
}
