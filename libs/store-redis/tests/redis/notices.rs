//! The outbox of notices: its contract on every topology and for both services that use it, and random
//! histories against the one in memory.

use std::sync::Arc;

use clock::FakeClock;
use notices::conformance::{Bench, histories, history};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store_redis::connection::Connection;
use store_redis::notices::RedisOutbox;

use crate::contracts::{cluster, sentinel, standalone, tls};
use crate::rights::connect_as;

/// A bench over an outbox with a fake clock.
fn bench(connection: Connection) -> Bench {
    let clock = Arc::new(FakeClock::default());
    Bench { outbox: Arc::new(RedisOutbox::with_clock(connection, clock.clone())), clock }
}

macro_rules! contracts {
    ($($place:ident: $connect:expr;)*) => {
        $(
            mod $place {
                use super::*;

                notices::outbox_contract!(bench($connect));
            }
        )*
    };
}

contracts! {
    on_one_server: standalone();
    over_tls: tls();
    behind_sentinels: sentinel();
    in_a_cluster: cluster();
    of_the_code_issuer: connect_as("code-issuer");
    of_the_verifier: connect_as("verifier");
}

#[test]
fn histories_look_as_in_memory() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connection = runtime.block_on(async { standalone() });
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&histories(), |steps| {
        runtime.block_on(history(&bench(connection.clone()), &steps));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
