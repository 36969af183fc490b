//! Durability `replicated`: no outcome is returned before replicas have it, for any class of user.

mod lanes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use codes::audit::Context;
use codes::conformance::{Bench, World, accepted, granted, keyed, reason, wrong};
use codes::directory::OpaqueDirectory;
use codes::guess::Guess;
use codes::ids::IdempotencyKey;
use codes::issuer::{Issuance, RevokeRequest, RevokeTarget};
use codes::operations::OperationError;
use codes::policy::Policy;
use codes::record::DenialReason;
use codes::store::StoreError;
use codes::user::Identifier;
use codes::verifier::{ClearRequest, Verification, VerifyRequest};
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::Checks;
use store_redis::connection::confirmation::Confirmation;

use crate::mutants::{self, SILENT_STRANGERS};
use crate::patient::{self, Patient};
use crate::servers::Server;
use crate::servers::pair::{PAIR, Pair};
use crate::servers::sentinel::SENTINEL;

/// How long a call waits for replicas.
const WITHIN: Duration = Duration::from_millis(100);

/// A connection that waits for one replica.
pub(crate) fn connect(url: &str) -> Connection {
    let one = Confirmation::Replicas { number: 1, within: WITHIN };
    let address = Address::parse(url).expect("a URL");
    Connection::open(&address, Access::default(), Checks::Off, Some(one), None)
        .expect("a connection")
}

pub(crate) fn pair() -> Connection {
    connect(&PAIR.primary.url())
}

/// Two worlds over one store. The first retries and is for preparing and inspecting; the second
/// returns the result of each single call. In both the caller is a service: the record alone stores
/// its idempotency keys, and confirmation covers the record.
fn worlds(connection: Connection) -> (World, World) {
    let bench = crate::bench(connection);
    let (store, clock) = (Arc::new(Patient(Arc::clone(&bench.store))), Arc::clone(&bench.clock));
    let (claims, grants) = (Arc::clone(&bench.claims), Arc::clone(&bench.grants));
    let patient = Bench { store, claims, grants, clock, promote: Box::new(|| ()) };
    let world = World::new(bench).of_a_service();
    // One client: what it sends through either world under one key is one operation.
    let mut patient = World::new(patient);
    patient.caller = world.caller.clone();
    (patient, world)
}

mod with_a_replica {
    codes::code_store_contract!(crate::patient::bench(super::pair()));
}

mod behind_sentinels {
    codes::code_store_contract!(crate::patient::bench(super::connect(&super::SENTINEL.url())));
}

pub(crate) fn guess(user: &Identifier, code: &str, key: &str) -> VerifyRequest {
    VerifyRequest {
        user: user.clone(),
        code: Guess::parse(Policy::default().shape(), code).expect("a guess"),
        binding: None,
        context: Context::default(),
        idempotency_key: Some(IdempotencyKey::parse(key).expect("a key")),
    }
}

pub(crate) async fn verify(
    world: &World,
    request: &VerifyRequest,
) -> Result<Verification, OperationError> {
    let verifier = world.verifier();
    verifier.verify(&world.caller, &world.policy, &OpaqueDirectory, request).await
}

/// Retries until there is an answer: the replica needs a moment.
async fn eventually<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, OperationError>>,
{
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asserts that the outcome was withheld.
fn withheld<T: std::fmt::Debug>(what: &str, told: &Result<T, OperationError>) {
    let is_withheld = matches!(told, Err(OperationError::Store(StoreError::Unavailable(_))));
    assert!(is_withheld, "{what}: it was told: {told:?}");
}

/// One guess for each class of user, with the expected outcome.
async fn classes(calm: &World, world: &World) -> Vec<(&'static str, VerifyRequest, Verification)> {
    let mut classes = vec![];
    let unknown = guess(&calm.stranger(), "000000", "unknown");
    let denied =
        |reason, locked_until| Verification::Denied(codes::record::Denial { reason, locked_until });
    classes.push(("unknown", unknown, denied(DenialReason::NoCode, None)));

    let issued = |user: Identifier| async { (calm.issue(&user).await, user) };
    // The fenced case comes first: its promotion fences every code issued before.
    let (code, user) = issued(calm.stranger()).await;
    (world.bench.promote)();
    let request = guess(&user, code.code.expose(), "fenced");
    classes.push(("fenced", request, denied(DenialReason::Fenced, None)));

    let (code, user) = issued(calm.stranger()).await;
    let request = guess(&user, &wrong(&code), "wrong");
    classes.push(("wrong", request, denied(DenialReason::WrongCode, None)));

    let (code, user) = issued(calm.stranger()).await;
    let made = guess(&user, &wrong(&code), "replayed");
    verify(calm, &made).await.expect("a patient store answers");
    let other = guess(&user, code.code.expose(), "replayed");
    classes.push(("replayed", made, denied(DenialReason::WrongCode, None)));
    classes.push(("conflict", other, Verification::Conflict));

    let (code, user) = issued(calm.stranger()).await;
    calm.fail(&user, &code, 3).await;
    let locked_until = calm.describe(&user).await.lockout.locked_until;
    let request = guess(&user, code.code.expose(), "locked");
    classes.push(("locked", request, denied(DenialReason::Locked, locked_until)));

    let user = calm.stranger();
    let code = calm.issue_paired(&user, calm.journey()).await;
    let request = guess(&user, code.code.expose(), "not-paired");
    classes.push(("not-paired", request, denied(DenialReason::NotPaired, None)));

    let (code, user) = issued(calm.stranger()).await;
    calm.revoke(&user).await;
    let request = guess(&user, code.code.expose(), "revoked");
    classes.push(("revoked", request, denied(DenialReason::NoCode, None)));
    classes
}

/// T-B9, T-I4, I9, I10: while the replica is stopped, every class of user gets "unavailable". The
/// retry gets the outcome.
#[tokio::test(flavor = "multi_thread")]
async fn no_outcome_is_told_while_the_replica_is_stopped() {
    let pair = Pair::start();
    let (calm, world) = worlds(connect(&pair.primary.url()));
    for (class, request, expected) in classes(&calm, &world).await {
        // The replica is in step, so it would confirm a call that writes nothing.
        pair.in_step();
        let stopped = pair.replica.stopped();
        for _ in 0..3 {
            let asked = Instant::now();
            withheld(class, &verify(&world, &request).await);
            assert!(asked.elapsed() >= WITHIN, "{class}: refused sooner than the others");
        }
        drop(stopped);
        let outcome = eventually(async || verify(&world, &request).await).await;
        assert_eq!(outcome, expected, "{class}");
        if class == "wrong" {
            assert_eq!(calm.describe(&request.user).await.lockout.failures, 1, "one effect");
        }
    }
}

/// Shows that the test above detects a script that writes only for users with a record.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_replica_confirms_what_wrote_nothing() {
    let pair = Pair::start();
    let (address, _) = mutants::way_to(&pair.primary, SILENT_STRANGERS).await;
    let (calm, world) = worlds(connect(&format!("redis://{address}")));
    let (user, stranger) = (calm.stranger(), calm.stranger());
    let code = calm.issue(&user).await;
    calm.verify(&stranger, "000000").await;
    pair.in_step();
    let stopped = pair.replica.stopped();
    let denied =
        eventually(async || verify(&world, &guess(&stranger, "000000", "key")).await).await;
    assert_eq!(reason(&denied), DenialReason::NoCode);
    withheld("wrong", &verify(&world, &guess(&user, &wrong(&code), "key")).await);
    drop(stopped);
}

/// T-B9 for the right code: it is consumed once, and the retry gets the grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_success_is_told_once_the_replica_has_it() {
    let pair = Pair::start();
    let (calm, world) = worlds(connect(&pair.primary.url()));
    let user = calm.stranger();
    let code = calm.issue(&user).await;
    let stopped = pair.replica.stopped();
    let request = guess(&user, code.code.expose(), "right");
    withheld("right", &verify(&world, &request).await);
    drop(stopped);
    let outcome = eventually(async || verify(&world, &request).await).await;
    assert!(accepted(&outcome));
    assert!(!accepted(&calm.verify(&user, code.code.expose()).await), "consumed once");
    let actions = world.trail.actions();
    let of = |action| actions.iter().filter(|told| **told == action).count();
    assert_eq!((of("code.accepted"), of("operation.unresolved")), (1, 1));
}

/// I10 for every other operation that reveals the outcome of a code.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_waits_for_the_replica() {
    let pair = Pair::start();
    let (calm, world) = worlds(connect(&pair.primary.url()));
    let (user, other) = (calm.stranger(), calm.stranger());
    let code = calm.issue(&user).await;
    calm.fail(&user, &code, 1).await;
    let key = |key: &str| Some(IdempotencyKey::parse(key).expect("a key"));
    let (issuer, verifier, directory) = (world.issuer(), world.verifier(), OpaqueDirectory);
    let issue = keyed(&other, "issue");
    let issue = async || issuer.issue(&world.caller, &world.policy, &directory, &issue).await;
    let target = RevokeTarget::User(user.clone());
    let revoke =
        RevokeRequest { target, context: Context::default(), idempotency_key: key("revoke") };
    let revoke = async || issuer.revoke(&world.caller, &world.policy, &directory, &revoke).await;
    let clear = ClearRequest {
        user: user.clone(),
        context: Context::default(),
        idempotency_key: key("clear"),
    };
    let clear =
        async || verifier.clear_lockout(&world.caller, &world.policy, &directory, &clear).await;
    let describe = async || issuer.describe(&world.caller, &directory, &user).await;
    let describe_unknown =
        async || verifier.describe_lockout(&world.caller, &directory, &other).await;

    for _ in 0..2 {
        pair.in_step();
        let stopped = pair.replica.stopped();
        withheld("describe unknown", &describe_unknown().await);
        withheld("describe", &describe().await);
        withheld("clear", &clear().await);
        withheld("revoke", &revoke().await);
        withheld("issue", &issue().await);
        drop(stopped);
    }
    let granted = granted(eventually(&issue).await);
    assert!(accepted(&calm.verify(&other, granted.code.expose()).await), "the retry's code");
    assert!(matches!(eventually(&issue).await, Issuance::Conflict), "it is consumed");
    eventually(&clear).await;
    eventually(&revoke).await;
    assert_eq!(calm.describe(&user).await.lockout.failures, 0);
    let outcome = calm.verify(&user, code.code.expose()).await;
    assert_eq!(reason(&outcome), DenialReason::NoCode);
}

/// I7, I18: the write that every path makes leaves no key on either server.
#[tokio::test(flavor = "multi_thread")]
async fn the_confirmed_write_leaves_no_key() {
    let pair = Pair::start();
    let world = World::new(patient::bench(connect(&pair.primary.url())));
    for _ in 0..20 {
        let unknown = world.stranger();
        world.verify(&unknown, "000000").await;
        world.revoke(&unknown).await;
        world.clear(&unknown).await;
        world.describe(&unknown).await;
    }
    pair.in_step();
    for server in [&pair.primary, &pair.replica] {
        assert_eq!(server.cli(&["DBSIZE"]).trim(), "0");
    }
    let user = world.stranger();
    world.issue(&user).await;
    world.verify(&user, "000000").await;
    pair.in_step();
    let key = pair.primary.cli(&["KEYS", "*"]);
    let kept = |server: &Server| {
        let life: i64 = server.cli(&["PTTL", key.trim()]).trim().parse().expect("a number");
        (server.cli(&["GET", key.trim()]), life)
    };
    let before = [kept(&pair.primary), kept(&pair.replica)];
    world.describe(&user).await;
    pair.in_step();
    for (server, (record, life)) in [&pair.primary, &pair.replica].into_iter().zip(before) {
        let (record_now, life_now) = kept(server);
        assert_eq!(record_now, record, "what is written again is what was there");
        assert!(life_now > 0 && life_now <= life, "and its end: {life_now} after {life}");
    }
}
