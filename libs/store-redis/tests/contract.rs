//! The stores in a real `redis-server`, held to the contracts of their ports and, over random
//! histories, to the in-memory store of codes.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use clock::FakeClock;
use codes::conformance::Bench;
use codes::conformance::history::{keeps_the_invariants, op};
use codes::memory::MemoryCodeStore;
use journeys::conformance::check_all;
use proptest::prelude::*;
use store_redis::codes::{Injected, RedisCodeStore};
use store_redis::connection::Connection;
use store_redis::journeys::RedisJourneyStore;

/// One server for all tests of this file, which keep apart by users of their own.
static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

struct Server {
    port: u16,
    /// Ends the server when the tests end: with them its standard input closes.
    _guard: Child,
}

impl Server {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let script =
            "redis-server --port $0 --bind 127.0.0.1 --save '' --appendonly no >/dev/null &
            cat >/dev/null; kill $!";
        let guard = Command::new("sh")
            .args(["-c", script, &port.to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let server = Self { port, _guard: guard };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server did not start");
    }
}

fn connection() -> Connection {
    Connection::open(&format!("redis://127.0.0.1:{}", SERVER.port)).expect("a URL")
}

fn bench() -> Bench {
    let clock = Arc::new(FakeClock::default());
    let promotions = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&promotions);
    let injected = Injected {
        clock: Arc::clone(&clock) as Arc<dyn clock::Clock>,
        fence: Box::new(move || format!("{:x}", seen.load(Ordering::SeqCst))),
    };
    let store = Arc::new(RedisCodeStore::with_injected(connection(), injected));
    let promote = Box::new(move || {
        promotions.fetch_add(1, Ordering::SeqCst);
    });
    Bench { store, clock, promote }
}

codes::code_store_contract!(bench());

#[tokio::test(flavor = "multi_thread")]
async fn waiting_journeys_are_kept_as_the_contract_says() {
    let clock = Arc::new(FakeClock::default());
    let store =
        RedisJourneyStore::with_clock(connection(), Arc::clone(&clock) as Arc<dyn clock::Clock>);
    check_all(&journeys::conformance::Bench { store: Arc::new(store), clock }).await;
}

fn memory_bench() -> Bench {
    let clock = Arc::new(FakeClock::default());
    let store = Arc::new(MemoryCodeStore::new(Arc::clone(&clock) as Arc<dyn clock::Clock>));
    let promoted = Arc::clone(&store);
    Bench { store, clock, promote: Box::new(move || promoted.promote()) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_looks_as_it_does_in_memory(ops in prop::collection::vec(op(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let here = runtime.block_on(async { keeps_the_invariants(bench(), &ops).await });
        let there = runtime.block_on(keeps_the_invariants(memory_bench(), &ops));
        prop_assert_eq!(here, there);
    }
}
