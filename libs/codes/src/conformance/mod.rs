//! The contract of every store of codes: plain async functions over the port, an injected clock
//! and users of their own, so that many run against one store at the same time.
//!
//! A store is held to it by one line in its tests, [`code_store_contract!`](crate::code_store_contract).

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

pub mod history;
pub mod life;
pub mod lockout;
pub mod races;
pub mod retry;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock as _, FakeClock};

use crate::audit::{Audit, AuditError, Context, Event};
use crate::code::Guess;
use crate::desk::{Caller, Desk};
use crate::directory::OpaqueDirectory;
use crate::ids::{ApplicationId, ClientId, IdempotencyKey};
use crate::issuer::{Issuance, IssueRequest, IssuedCode, Issuer};
use crate::peppers::Peppers;
use crate::policy::Policy;
use crate::randomness;
use crate::record::{Denial, DenialReason, Description};
use crate::store::CodeStore;
use crate::user::{Identifier, IdentifierType};
use crate::verifier::{Verification, Verifier, VerifyRequest};

/// A store under test, and the levers that its contract pulls.
pub struct Bench {
    /// The store, living by the clock beside it.
    pub store: Arc<dyn CodeStore>,
    /// The clock.
    pub clock: Arc<FakeClock>,
    /// Makes the store behave as after a promotion.
    pub promote: Box<dyn Fn() + Send + Sync>,
}

/// The use cases over a store, with one policy, an application and a client of their own.
pub struct World {
    /// The store and its levers.
    pub bench: Bench,
    /// The caller of every operation.
    pub caller: Caller,
    /// The policy of every operation.
    pub policy: Policy,
    /// Everything that was written to the trail.
    pub trail: Arc<Trail>,
    desk: Desk,
}

/// An audit trail in memory.
#[derive(Default)]
pub struct Trail(Mutex<Vec<Event>>);

#[async_trait]
impl Audit for Trail {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        Ok(())
    }
}

impl Trail {
    /// The actions so far, in order, each of an attempt once.
    pub fn actions(&self) -> Vec<&'static str> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let once =
            events.iter().filter(|event| seen.insert((event.attempt, event.action.as_str())));
        once.map(|event| event.action.as_str()).collect()
    }

    /// How many events a retry wrote again.
    pub fn replays(&self) -> usize {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event.replayed).count()
    }
}

impl World {
    /// A world with the default policy.
    pub fn new(bench: Bench) -> Self {
        Self::with_policy(bench, Policy::default())
    }

    /// A world with a policy of its own.
    pub fn with_policy(bench: Bench, policy: Policy) -> Self {
        let key = |byte: u8| vec![byte; 32].into();
        let peppers = Peppers::new(key(1), key(2), Some(key(3))).expect("valid peppers");
        let trail = Arc::new(Trail::default());
        let desk = Desk {
            store: Arc::clone(&bench.store),
            audit: Arc::clone(&trail) as Arc<dyn Audit>,
            peppers: Arc::new(peppers),
            clock: Arc::clone(&bench.clock) as Arc<dyn clock::Clock>,
            randomness: randomness::system(),
        };
        let caller = Caller {
            application: ApplicationId::parse("acme").expect("valid"),
            client: ClientId::parse("desk").expect("valid"),
        };
        Self { bench, caller, policy, trail, desk }
    }

    /// The same world under other peppers.
    #[must_use]
    pub fn with_peppers(mut self, current: u8, previous: Option<u8>) -> Self {
        let key = |byte: u8| vec![byte; 32].into();
        let peppers = Peppers::new(key(1), key(current), previous.map(key));
        self.desk.peppers = Arc::new(peppers.expect("valid peppers"));
        self
    }

    /// A user whom no other test knows.
    pub fn stranger(&self) -> Identifier {
        let bytes: [u8; 16] = randomness::bytes(&self.desk.randomness);
        user(&crate::digest::encode(&bytes))
    }

    /// The issuer.
    pub fn issuer(&self) -> Issuer {
        Issuer::new(self.desk.clone())
    }

    /// The verifier.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.desk.clone())
    }

    /// Asks for a code.
    pub async fn ask(&self, request: IssueRequest) -> Issuance {
        let issuer = self.issuer();
        let issuance = issuer.issue(&self.caller, &self.policy, &OpaqueDirectory, &request);
        issuance.await.expect("the store answers")
    }

    /// Issues a code that must be granted.
    pub async fn issue(&self, user: &Identifier) -> IssuedCode {
        granted(self.ask(request(user)).await)
    }

    /// Verifies what somebody typed.
    pub async fn verify(&self, user: &Identifier, typed: &str) -> Verification {
        self.verify_as(user, typed, None).await
    }

    /// Verifies what somebody typed, under an idempotency key.
    pub async fn verify_as(
        &self,
        user: &Identifier,
        typed: &str,
        key: Option<&str>,
    ) -> Verification {
        let request = VerifyRequest {
            user: user.clone(),
            code: Guess::parse(typed).expect("a guess"),
            context: Context::default(),
            idempotency_key: key.map(|key| IdempotencyKey::parse(key).expect("valid")),
        };
        let verdict = self.verifier();
        let verdict = verdict.verify(&self.caller, &self.policy, &OpaqueDirectory, &request);
        verdict.await.expect("the store answers")
    }

    /// Fails `times` times at a user's code.
    pub async fn fail(&self, user: &Identifier, code: &IssuedCode, times: u32) {
        for _ in 0..times {
            self.verify(user, &wrong(code)).await;
        }
    }

    /// All that can be seen of a user's record.
    pub async fn describe(&self, user: &Identifier) -> Description {
        let found = self.desk.find(&OpaqueDirectory, &self.caller.application, user).await;
        let (_, subject) = found.expect("opaque").expect("everybody exists");
        let description = self.bench.store.describe(subject, self.bench.clock.now()).await;
        description.expect("the store answers")
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: u64) {
        self.bench.clock.advance(Duration::from_secs(seconds));
    }
}

/// The user of that id.
pub fn user(id: &str) -> Identifier {
    Identifier::parse(IdentifierType::UserId, id).expect("valid")
}

/// A plain request for a code.
pub fn request(user: &Identifier) -> IssueRequest {
    IssueRequest {
        user: user.clone(),
        expires_in: None,
        context: Context::default(),
        idempotency_key: None,
        override_lockout: false,
    }
}

/// The code of an issuance that must have been granted.
pub fn granted(issuance: Issuance) -> IssuedCode {
    match issuance {
        Issuance::Issued(code) => code,
        refused => panic!("no code was issued: {refused:?}"),
    }
}

/// A guess that is not this code.
pub fn wrong(code: &IssuedCode) -> String {
    let first = code.code.expose().as_bytes()[0];
    let other = if first == b'0' { '1' } else { '0' };
    format!("{other}{}", &code.code.expose()[1..])
}

/// The reason of a denial.
pub fn reason(verification: &Verification) -> DenialReason {
    match verification {
        Verification::Denied(Denial { reason, .. }) => *reason,
        other => panic!("no denial: {other:?}"),
    }
}

/// Whether a verification was accepted.
pub fn accepted(verification: &Verification) -> bool {
    matches!(verification, Verification::Accepted { .. })
}

/// Holds a store to the contract: `code_store_contract!(expression that makes a `Bench`);`
#[macro_export]
macro_rules! code_store_contract {
    ($bench:expr) => {
        $crate::code_store_contract!(@each $bench, life:
            a_right_code_is_accepted_once
            a_code_is_refused_from_its_expiry_on
            a_new_code_supersedes_the_old_one
            a_code_is_refused_behind_a_new_fence
            a_rotated_pepper_still_verifies_and_a_lost_one_does_not
            a_revoked_code_is_refused
            a_code_id_revokes_only_its_own_code
            issues_are_capped_an_hour
            a_code_works_for_its_user_and_application_alone
            a_skewed_caller_gets_an_error_and_changes_nothing
        );
        $crate::code_store_contract!(@each $bench, lockout:
            the_limit_burns_the_code_and_locks_the_user
            a_lock_is_neither_extended_nor_compared_against
            a_new_code_does_not_renew_the_budget
            failures_are_forgotten_with_their_window
            success_clears_every_count
            a_code_never_stands_more_than_its_limit
            guesses_without_a_code_leave_no_trace
            a_locked_user_gets_no_code_unless_the_lock_is_overridden
            overrides_are_capped_a_day
            clearing_a_lockout_lets_the_user_in_again
            a_hundred_consecutive_failures_disable_until_cleared
        );
        $crate::code_store_contract!(@each $bench, retry:
            a_retry_has_the_same_outcome_and_one_effect
            a_key_for_another_request_conflicts
            a_key_is_forgotten_after_its_window
            a_retried_issue_leaves_only_its_last_code_valid
            a_retried_issue_does_not_revive_a_spent_code
            every_action_is_written_to_the_trail_once
        );
        $crate::code_store_contract!(@each $bench, races:
            of_parallel_redemptions_one_is_accepted
            of_parallel_guesses_three_are_compared
            of_mixed_attempts_at_most_one_is_accepted_and_three_are_compared
            of_parallel_issues_one_code_verifies
            of_parallel_retries_one_takes_effect
        );
    };
    (@each $bench:expr, $module:ident: $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::conformance::$module::$case($bench).await;
            }
        )*
    };
}
