//! The contracts of the ports, on every topology.

use store_redis::connection::Connection;
use store_redis::connection::address::Access;

use crate::connect;
use crate::servers::STANDALONE;
use crate::servers::cluster::CLUSTER;
use crate::servers::sentinel::SENTINEL;
use crate::servers::tls::TLS;

pub(crate) fn standalone() -> Connection {
    connect(&STANDALONE.url(), Access::default())
}

pub(crate) fn tls() -> Connection {
    connect(&TLS.url(), TLS.access.clone())
}

pub(crate) fn sentinel() -> Connection {
    connect(&SENTINEL.url(), Access::default())
}

pub(crate) fn cluster() -> Connection {
    connect(&CLUSTER.url(), Access::default())
}

macro_rules! contracts {
    ($($topology:ident: $connect:path;)*) => {
        $(
            mod $topology {
                codes::code_store_contract!(crate::bench($connect()));

                #[tokio::test(flavor = "multi_thread")]
                async fn journeys_wait_as_the_contract_says() {
                    journeys::conformance::check_all(&crate::journeys_bench($connect())).await;
                }
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
