//! Servers that are killed, full or unable to write: no code is accepted twice, and every user gets
//! the same refusal, with a code or without.

use std::time::{Duration, Instant};

use codes::record::DenialReason;
use codes::store::CodeStore;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::address::Access;
use tokio::task::block_in_place;

use crate::cases::{Case, LIMITS, attempt, digest, is_accepted, reason, stranger};
use crate::load::Load;
use crate::servers::{Server, eventually};

/// The limit for a restarted server to be in use again, on a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(3);

fn store(server: &Server) -> RedisCodeStore {
    RedisCodeStore::new(crate::connect(&server.url(), Access::default()))
}

/// Kills a server with these persistence settings under load, and restarts it.
async fn killed_under_load(settings: &str) {
    let kept = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(&format!("{settings}\ndir {}", kept.path().display()));
    let url = server.url();
    let load = Load::start(|| crate::connect(&url, Access::default()), stranger);
    load.recovery(Instant::now()).await;
    for _ in 0..2 {
        block_in_place(|| server.kill());
        load.outage(Duration::from_millis(200)).await;
        block_in_place(|| server.restart());
        let (back, away) = load.recovery(Instant::now()).await;
        assert!(back < BACK_WITHIN, "{settings}: {back:?}");
        assert!(away > Duration::from_millis(150), "{settings}: it was away: {away:?}");
    }
    load.stop().await.is_safe();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_with_all_its_data_accepts_nothing_twice() {
    killed_under_load("appendfsync always").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_with_most_of_its_data_accepts_nothing_twice() {
    killed_under_load("appendfsync everysec").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_without_its_data_accepts_nothing_twice() {
    killed_under_load("appendonly no").await;
}

/// Users of each kind: with a code, without one, after a wrong guess, locked.
struct Users {
    store: RedisCodeStore,
    with_code: Case,
    kinds: Vec<Case>,
}

impl Users {
    async fn of(server: &Server) -> Self {
        let store = store(server);
        let [with_code, guessed, locked] =
            [Case::issued(&store).await, Case::issued(&store).await, Case::issued(&store).await];
        assert_eq!(reason(&guessed.fail(&store).await), Some(DenialReason::WrongCode));
        for _ in 0..LIMITS.failed_attempts {
            locked.fail(&store).await;
        }
        let kinds = vec![with_code.clone(), Case::of(stranger()), guessed, locked];
        Self { store, with_code, kinds }
    }

    /// The refusal of all their operations. Asserts that it is the same for all.
    async fn refusal(&self) -> String {
        let mut told = vec![];
        for case in &self.kinds {
            let right = case.guess(&self.store, case.digest, attempt()).await;
            let wrong = case.guess(&self.store, digest(), attempt()).await;
            let issued = case.ask(&self.store, attempt()).await;
            told.push(right.expect_err("every call is refused").to_string());
            told.push(wrong.expect_err("every call is refused").to_string());
            told.push(issued.expect_err("every call is refused").to_string());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "all are told the same");
        told.remove(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_refuses_all_users_alike_and_evicts_no_key() {
    let server = Server::start("");
    let users = Users::of(&server).await;
    assert!(server.cli(&["CONFIG", "SET", "maxmemory", "1"]).contains("OK"));
    let refusal = users.refusal().await;
    assert!(refusal.contains("OOM") || refusal.contains("memory"), "{refusal}");
    assert!(server.cli(&["INFO", "stats"]).contains("evicted_keys:0"));
    assert!(server.cli(&["CONFIG", "SET", "maxmemory", "0"]).contains("OK"));
    assert_eq!(users.with_code.failures(&users.store).await, 0, "no guess was counted");
    assert!(is_accepted(&users.with_code.redeem(&users.store).await), "no code was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_full_disk_refuses_all_users_alike() {
    // A file size limit in kilobytes stands for a small disk.
    let mut server = Server::start("appendfsync everysec");
    server.limit_files(Some(64));
    block_in_place(|| server.restart());
    let waiting: RedisCodeStore = store(&server);
    serves(&waiting).await;
    let users = Users::of(&server).await;
    let began = Instant::now();
    while Case::of(stranger()).ask(&users.store, attempt()).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "the disk is never full");
    }
    let said = block_in_place(|| {
        eventually("the server notices that it cannot write", || {
            server.cli(&["INFO", "persistence"]).contains("aof_last_write_status:err")
        });
        server.cli(&["SET", "pcode:{full}", "1"])
    });
    assert!(said.contains("MISCONF"), "{said}");
    users.refusal().await;
    server.limit_files(None);
    block_in_place(|| server.restart());
    serves(&users.store).await;
    assert!(!is_accepted(&users.with_code.redeem(&users.store).await), "what is lost is denied");
}

async fn serves(store: &dyn CodeStore) {
    let began = Instant::now();
    while Case::of(stranger()).ask(store, attempt()).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "the server does not serve in 10 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
