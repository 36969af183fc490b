//! The contract suites of the ports, on every topology.

use clock::{Clock as _, SystemClock};
use codes::store::CodeStore as _;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Login};

use crate::cases::stranger;
use crate::connect;
use crate::servers::STANDALONE;
use crate::servers::cluster::CLUSTER;
use crate::servers::sentinel::SENTINEL;
use crate::servers::tls::{SENTINELS_PASSWORD, TLS};

pub(crate) fn standalone() -> Connection {
    connect(&STANDALONE.url(), Access::default())
}

pub(crate) fn tls() -> Connection {
    connect(&TLS.url(), TLS.access.clone())
}

/// Credentials that the sentinels accept too.
fn as_known_to_the_sentinels() -> Access {
    let sentinel = Login { username: None, password: Some(SENTINELS_PASSWORD.into()) };
    Access { sentinel, ..TLS.access.clone() }
}

pub(crate) fn sentinel_over_tls() -> Connection {
    connect(&TLS.url_of_sentinels(), as_known_to_the_sentinels())
}

pub(crate) fn cluster_over_tls() -> Connection {
    connect(&TLS.url_of_cluster(), TLS.access.clone())
}

pub(crate) fn sentinel() -> Connection {
    connect(&SENTINEL.url(), Access::default())
}

pub(crate) fn cluster() -> Connection {
    connect(&CLUSTER.url(), Access::default())
}

/// A few cases over TLS suffice: the topology and the code paths are the same as without.
macro_rules! a_few_cases {
    ($($topology:ident: $connect:path;)*) => {
        $(
            mod $topology {
                #[tokio::test(flavor = "multi_thread")]
                async fn a_part_of_the_contract_holds() {
                    use codes::conformance::{life, lockout, retry};
                    life::a_right_code_is_accepted_once(crate::patient::bench($connect())).await;
                    life::a_code_is_refused_behind_a_new_fence(crate::patient::bench($connect())).await;
                    lockout::a_new_code_does_not_renew_the_budget(crate::patient::bench($connect())).await;
                    retry::a_retry_has_the_same_outcome_and_one_effect(crate::patient::bench($connect()))
                        .await;
                    journeys::conformance::check_all(&crate::journeys_bench($connect())).await;
                }
            }
        )*
    };
}

a_few_cases! {
    behind_sentinels_over_tls: super::sentinel_over_tls;
    in_a_cluster_over_tls: super::cluster_over_tls;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_with_a_password_refuse_clients_without_it() {
    let guest = Access { sentinel: Login::default(), ..as_known_to_the_sentinels() };
    let store = RedisCodeStore::new(connect(&TLS.url_of_sentinels(), guest));
    let refused = store.describe(stranger(), SystemClock.now()).await;
    assert!(refused.is_err(), "{refused:?}");
}

macro_rules! contracts {
    ($($topology:ident: $connect:path;)*) => {
        $(
            mod $topology {
                codes::code_store_contract!(crate::patient::bench($connect()));

                #[tokio::test(flavor = "multi_thread")]
                async fn the_journey_contract_holds() {
                    journeys::conformance::check_all(&crate::journeys_bench($connect())).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn the_contract_of_authorization_codes_holds() {
                    let bench = crate::authorizations::bench($connect());
                    authorization::conformance::check_all(&bench).await;
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
