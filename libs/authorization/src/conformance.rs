//! The contract of every [`AuthorizationCodeStore`]: plain async functions over the port, an injected
//! clock and keys of their own, so that many run against one store at the same time.

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock as _, FakeClock};
use codes::digest::Subject;
use codes::ids::{CodeId, GrantId};
use codes::randomness;
use futures_util::future::join_all;

use crate::authorized::{Proof, Sealed};
use crate::code::{AuthorizationCode, CodeKey};
use crate::store::{AuthorizationCodeStore, CODE_LIFETIME, Consumption, NewCode, REPLAY_MEMORY};

/// A store under test, and its clock.
pub struct Bench {
    /// The store.
    pub store: Arc<dyn AuthorizationCodeStore>,
    /// Its clock.
    pub clock: Arc<FakeClock>,
}

/// The smallest step of a store's clock.
const TICK: Duration = Duration::from_millis(1);

/// A grant that no other test uses.
fn fresh_grant() -> GrantId {
    let random = || randomness::bytes::<16>(&randomness::system());
    CodeId::new(&Subject::from_bytes(random()), random()).grant()
}

fn new_code(grant: &GrantId, body: &str) -> NewCode {
    let proof = Proof::from_store(format!("of {grant}"));
    NewCode { grant: grant.clone(), proof, body: Sealed::from_store(body.into()) }
}

/// The outcome for a code that stands for `body`.
pub fn first(body: &str) -> Consumption {
    Consumption::First(Sealed::from_store(body.into()))
}

/// The outcome for a code that was consumed before.
pub fn replayed(grant: &GrantId) -> Consumption {
    let NewCode { grant, proof, .. } = new_code(grant, "");
    Consumption::Replayed { grant, proof }
}

impl Bench {
    /// Stores a new code.
    pub async fn put(&self, body: &str) -> (CodeKey, GrantId) {
        let (key, grant) = (AuthorizationCode::draw(&randomness::system()).key(), fresh_grant());
        self.put_again(&key, &grant, body).await;
        (key, grant)
    }

    async fn put_again(&self, key: &CodeKey, grant: &GrantId, body: &str) {
        let put = self.store.put(key, self.clock.now(), new_code(grant, body));
        put.await.expect("the store serves");
    }

    /// Consumes a code.
    pub async fn consume(&self, key: &CodeKey) -> Consumption {
        self.store.consume(key, self.clock.now()).await.expect("the store serves")
    }
}

/// Runs the whole contract.
pub async fn check_all(bench: &Bench) {
    a_code_is_consumed_once_and_then_known_as_replayed(bench).await;
    an_unknown_code_stands_for_nothing(bench).await;
    of_many_that_consume_one_code_one_gets_it(bench).await;
    a_code_expires(bench).await;
    a_replay_is_known_while_tokens_live(bench).await;
    storing_a_code_again_does_not_bring_it_back(bench).await;
    codes_do_not_touch_each_other(bench).await;
}

/// A code gives its body once; then it names its grant.
pub async fn a_code_is_consumed_once_and_then_known_as_replayed(bench: &Bench) {
    let (key, grant) = bench.put("body").await;
    assert_eq!(bench.consume(&key).await, first("body"));
    for _ in 0..3 {
        assert_eq!(bench.consume(&key).await, replayed(&grant));
    }
}

/// A code that was never stored is not a replay.
pub async fn an_unknown_code_stands_for_nothing(bench: &Bench) {
    let key = AuthorizationCode::draw(&randomness::system()).key();
    assert_eq!(bench.consume(&key).await, Consumption::Unknown);
    assert_eq!(bench.consume(&key).await, Consumption::Unknown);
}

/// In parallel, too.
pub async fn of_many_that_consume_one_code_one_gets_it(bench: &Bench) {
    let (key, grant) = bench.put("body").await;
    let consumed = join_all((0..20).map(|_| bench.consume(&key))).await;
    let count = |outcome| consumed.iter().filter(|it| **it == outcome).count();
    assert_eq!((count(first("body")), count(replayed(&grant))), (1, 19));
}

/// At its end, a code that was not consumed is forgotten.
pub async fn a_code_expires(bench: &Bench) {
    let (early, _) = bench.put("early").await;
    let (late, _) = bench.put("late").await;
    bench.clock.advance(CODE_LIFETIME.saturating_sub(TICK));
    assert_eq!(bench.consume(&early).await, first("early"));
    bench.clock.advance(TICK);
    assert_eq!(bench.consume(&late).await, Consumption::Unknown);
}

/// A consumed code is remembered from its consumption on, however late it is replayed.
pub async fn a_replay_is_known_while_tokens_live(bench: &Bench) {
    let (key, grant) = bench.put("body").await;
    assert_eq!(bench.consume(&key).await, first("body"));
    bench.clock.advance(REPLAY_MEMORY.saturating_sub(TICK));
    assert_eq!(bench.consume(&key).await, replayed(&grant));
    bench.clock.advance(TICK);
    assert_eq!(bench.consume(&key).await, Consumption::Unknown);
}

/// A call that is sent again after the code was consumed does not renew it.
pub async fn storing_a_code_again_does_not_bring_it_back(bench: &Bench) {
    let (key, grant) = bench.put("body").await;
    assert_eq!(bench.consume(&key).await, first("body"));
    bench.put_again(&key, &grant, "body").await;
    assert_eq!(bench.consume(&key).await, replayed(&grant));
}

/// Consuming one code leaves another as it is.
pub async fn codes_do_not_touch_each_other(bench: &Bench) {
    let (one, _) = bench.put("one").await;
    let (other, _) = bench.put("other").await;
    assert_eq!(bench.consume(&one).await, first("one"));
    assert_eq!(bench.consume(&other).await, first("other"));
}
