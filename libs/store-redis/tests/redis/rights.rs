//! The delivered access rights: each service can do its work, and nothing else.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use codes::conformance::{Bench, claims};
use codes::grants::{GrantStore, LIFETIME};
use codes::ids::{CodeId, GrantId};
use codes::store::StoreError;
use secrecy::SecretString;
use store_redis::claims::RedisClaimStore;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::{Checks, Use};
use store_redis::connection::confirmation::Confirmation;
use store_redis::grants::RedisGrantStore;

use crate::patient::PatientGrants;
use crate::servers::{Server, cli};

/// A server with `deploy/redis/users.acl`, with passwords filled in.
static GUARDED: LazyLock<Server> = LazyLock::new(|| {
    let delivered = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redis/users.acl");
    let users = std::fs::read_to_string(delivered).expect("users.acl");
    let words = users.lines().map(|line| {
        let user = line.split(' ').nth(1).expect("a user's name");
        line.replace(&format!("#<sha256 of {user}'s password>"), &format!(">secret-of-{user}"))
    });
    let operator = "user operator on >secret-of-operator ~* &* +@all".to_owned();
    let users: Vec<_> = words.chain([operator]).map(|user| user + "\n").collect();
    assert!(!users.concat().contains('<'), "a password is missing");
    // A configuration file accepts users in the format of an ACL file.
    Server::start_guarded(&users.concat(), &login("operator"))
});

/// The options that let `redis-cli` in as that user.
fn login(user: &str) -> [String; 5] {
    let password = format!("secret-of-{user}");
    [
        "--user".to_owned(),
        user.to_owned(),
        "--pass".to_owned(),
        password,
        "--no-auth-warning".to_owned(),
    ]
}

fn access_of(user: &str) -> Access {
    let password = Some(SecretString::from(format!("secret-of-{user}")));
    Access { username: Some(user.to_owned()), password, ..Access::default() }
}

pub(crate) fn connect_as(user: &str) -> Connection {
    crate::connect(&GUARDED.url(), access_of(user))
}

/// Revokes as one user and reads as the journey runner.
struct Grants([Arc<dyn GrantStore>; 2]);

#[async_trait]
impl GrantStore for Grants {
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError> {
        self.0[0].revoke(grant).await
    }

    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError> {
        self.0[1].is_revoked(grant).await
    }
}

fn bench_as(user: &str) -> Bench {
    let bench = crate::patient::bench(connect_as(user));
    let runner = RedisGrantStore::new(connect_as("journey-runner"));
    let runner = PatientGrants(Arc::new(runner.with_clock(bench.clock.clone())));
    let grants = Grants([Arc::clone(&bench.grants), Arc::new(runner)]);
    Bench { grants: Arc::new(grants), ..bench }
}

mod of_the_code_issuer {
    codes::code_store_contract!(super::bench_as("code-issuer"));
}

mod of_the_desks_of_the_code_issuer {
    desk::desk_store_contract!(crate::desks::bench(super::connect_as("code-issuer")));
}

mod of_the_verifier {
    codes::code_store_contract!(super::bench_as("verifier"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_runner_keeps_its_journeys() {
    let bench = crate::journeys_bench(connect_as("journey-runner"));
    journeys::conformance::check_all(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_runner_keeps_its_authorization_codes() {
    let bench = crate::authorizations::bench(connect_as("journey-runner"));
    authorization::conformance::check_all(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_keeps_its_sessions() {
    let bench = crate::console_bench(connect_as("console"));
    journeys::conformance::check_all(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_runner_claims_its_clients_keys() {
    let bench = || {
        let connection = connect_as("journey-runner");
        let bench = crate::patient::bench(connection.clone());
        let claims = RedisClaimStore::beside_journeys(connection).with_clock(bench.clock.clone());
        Bench { claims: Arc::new(claims), ..bench }
    };
    claims::a_key_stands_for_its_first_request(bench()).await;
    claims::a_request_that_was_idle_stays_idle(bench()).await;
    claims::of_parallel_claims_for_different_requests_one_is_held(bench()).await;
}

/// What that user is told.
fn say(user: &str, command: &[&str]) -> String {
    let login = login(user);
    let words: Vec<_> = login.iter().map(String::as_str).chain(command.iter().copied()).collect();
    cli(GUARDED.port, &words)
}

#[test]
fn no_service_may_run_any_other_command() {
    let others = [
        &["KEYS", "*"] as &[_],
        &["SCAN", "0"],
        &["CONFIG", "GET", "*"],
        &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
        &["FLUSHALL"],
        &["FLUSHDB"],
        &["MONITOR"],
        &["SLOWLOG", "GET"],
        &["SHUTDOWN"],
        &["SAVE"],
        &["REPLICAOF", "NO", "ONE"],
        &["ACL", "LIST"],
        &["CLIENT", "LIST"],
        &["CLIENT", "PAUSE", "1"],
        &["SCRIPT", "FLUSH"],
        &["FUNCTION", "FLUSH"],
        &["MODULE", "LIST"],
        &["CLUSTER", "RESET"],
        &["SUBSCRIBE", "channel"],
        &["PUBLISH", "channel", "word"],
        &["EVAL", "return redis.call('KEYS', '*')", "0"],
        &["EVAL", "return redis.call('GET', KEYS[1])", "1", "other"],
        &["GET", "other"],
        &["HGETALL", "other"],
    ];
    for user in ["code-issuer", "verifier", "journey-runner", "console"] {
        assert!(say(user, &["PING"]).contains("PONG"), "{user} is let in");
        for command in others {
            let said = say(user, command);
            // The wordings of Redis, and of Redis and Valkey for commands in scripts.
            let denials = ["NOPERM", "can't run this command", "has no permissions to run"];
            assert!(
                denials.iter().any(|denial| said.contains(denial)),
                "{user} may {command:?}: {said}"
            );
        }
    }
}

#[test]
fn codes_and_journeys_are_inaccessible_to_each_others_users() {
    let (code, journey) = ("pcode:{x}", "postern:journey:{x}");
    for (user, own, other) in [
        ("code-issuer", code, journey),
        ("verifier", code, journey),
        ("journey-runner", journey, code),
        ("console", "postern:console:{x}", code),
        ("console", "postern:console:{x}", journey),
        ("journey-runner", journey, "postern:console:{x}"),
        ("code-issuer", code, "postern:console:{x}"),
    ] {
        assert_eq!(say(user, &["DEL", own]).trim(), "0", "{user} may DEL {own}");
        let said = say(user, &["DEL", other]);
        assert!(said.contains("NOPERM"), "{user} may DEL {other}: {said}");
    }
    let said = say("journey-runner", &["DEL", "postern:notices:{x}"]);
    assert!(said.contains("NOPERM"), "{said}");
    let desk = "postern:desk:{x}";
    assert_eq!(say("code-issuer", &["DEL", desk]).trim(), "0");
    for user in ["verifier", "journey-runner", "console"] {
        let said = say(user, &["DEL", desk]);
        assert!(said.contains("NOPERM"), "{user} may DEL {desk}: {said}");
    }
}

/// Only support and users end a grant.
#[tokio::test(flavor = "multi_thread")]
async fn the_journey_runner_reads_which_grants_are_revoked_and_revokes_none() {
    let grant = CodeId::new(&crate::cases::stranger(), crate::cases::drawn()).grant();
    let store = |user| RedisGrantStore::new(connect_as(user));
    let runner = store("journey-runner");
    assert!(!runner.is_revoked(&grant).await.expect("it may read"));
    let refused = runner.revoke(&grant).await.expect_err("it may not write").to_string();
    assert!(refused.contains("permission") || refused.contains("NOPERM"), "{refused}");
    store("code-issuer").revoke(&grant).await.expect("it may write");
    assert!(runner.is_revoked(&grant).await.expect("it may read"));
    let left: i64 =
        say("operator", &["TTL", &format!("pcode:g:{grant}")]).trim().parse().expect("seconds");
    let lifetime = i64::try_from(LIFETIME.as_secs()).expect("hours");
    assert!((lifetime - 5..=lifetime).contains(&left), "{left}");
}

/// WAIT only blocks a connection. A service that stores no codes has nothing to wait for.
#[test]
fn services_that_store_codes_may_wait_for_replicas() {
    for user in ["code-issuer", "verifier"] {
        assert_eq!(say(user, &["WAIT", "0", "1"]).trim(), "0", "{user}");
    }
    let said = say("journey-runner", &["WAIT", "0", "1"]);
    assert!(said.contains("NOPERM"), "{said}");
}

#[tokio::test]
async fn a_user_without_the_right_to_wait_is_refused_at_the_start() {
    let one = Confirmation::Replicas { number: 1, within: Duration::from_millis(100) };
    let address = Address::parse(&GUARDED.url()).expect("a URL");
    for (user, used, told) in [
        ("verifier", Use::Codes, None),
        ("journey-runner", Use::JourneysAndGrants, Some("may not run WAIT: give it")),
    ] {
        for checks in [Checks::Off, Checks::On(used)] {
            let connection = Connection::open(&address, access_of(user), checks, Some(one), None);
            let looked = connection.expect("a connection").first_look().await;
            let refusal = looked.err().map(|unfit| unfit.to_string());
            match told {
                None => assert_eq!(refusal, None),
                Some(told) => {
                    let refusal = refusal.expect("it lacks a right");
                    assert!(refusal.contains(told) && refusal.contains("users.acl"), "{refusal}");
                }
            }
        }
    }
}

#[test]
fn a_client_without_a_name_is_refused() {
    let said = cli(GUARDED.port, &["GET", "pcode:{x}"]);
    assert!(said.contains("NOAUTH"), "{said}");
}
