//! The use cases over a store under test, and the helpers of all cases.

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock as _, Timestamp};

use super::requests::idempotency_key;
use super::{Bench, Place, Trail, granted, request, user, wrong};
use crate::audit::{Addresses, Audit, Context};
use crate::digest::{Subject, encode};
use crate::directory::OpaqueDirectory;
use crate::guess::Guess;
use crate::ids::{ApplicationId, ClientId, CodeId};
use crate::issuer::{
    Issuance, IssueRequest, IssuedCode, Issuer, Revocation, RevokeRequest, RevokeTarget,
};
use crate::operations::{Caller, OperationError, Operations};
use crate::peppers::Peppers;
use crate::policy::Policy;
use crate::randomness;
use crate::record::{Cleared, Description, Repudiated};
use crate::repudiator::Repudiator;
use crate::user::Identifier;
use crate::verifier::{ClearRequest, Clearance, Verification, Verifier, VerifyRequest};

/// The use cases over a store, with a policy, an application and a client of their own.
pub struct World {
    /// The store and its levers.
    pub bench: Bench,
    /// The caller of every operation.
    pub caller: Caller,
    /// The policy of every operation.
    pub policy: Policy,
    /// Everything that was written to the trail.
    pub trail: Arc<Trail>,
    pub(super) operations: Operations,
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
        let operations = Operations {
            store: Arc::clone(&bench.store),
            claims: Arc::clone(&bench.claims),
            grants: Arc::clone(&bench.grants),
            audit: Arc::clone(&trail) as Arc<dyn Audit>,
            addresses: Addresses::Keyed,
            peppers: Arc::new(peppers),
            clock: Arc::clone(&bench.clock) as Arc<dyn clock::Clock>,
            randomness: randomness::system(),
        };
        // Each world has its own client: many tests share one store and choose equal idempotency
        // keys.
        let unique = encode(&randomness::bytes::<16>(&operations.randomness));
        let caller = Caller {
            application: ApplicationId::parse("acme").expect("valid"),
            client: ClientId::parse(&format!("desk.{unique}")).expect("valid"),
            agent: None,
            is_service: false,
        };
        Self { bench, caller, policy, trail, operations }
    }

    /// The same world with a service as its caller, whose idempotency keys are unique by
    /// construction.
    #[must_use]
    pub fn of_a_service(mut self) -> Self {
        self.caller.is_service = true;
        self
    }

    /// The same world with other peppers.
    #[must_use]
    pub fn with_peppers(mut self, current: u8, previous: Option<u8>) -> Self {
        let key = |byte: u8| vec![byte; 32].into();
        let peppers = Peppers::new(key(1), key(current), previous.map(key));
        self.operations.peppers = Arc::new(peppers.expect("valid peppers"));
        self
    }

    /// A user that no other test knows.
    pub fn stranger(&self) -> Identifier {
        let bytes: [u8; 16] = randomness::bytes(&self.operations.randomness);
        user(&encode(&bytes))
    }

    /// The issuer.
    pub fn issuer(&self) -> Issuer {
        Issuer::new(self.operations.clone())
    }

    /// The verifier.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.operations.clone())
    }

    /// Asks for a code.
    pub async fn ask(&self, request: IssueRequest) -> Issuance {
        let issuer = self.issuer();
        let issuance = issuer.issue(&self.caller, &self.policy, &OpaqueDirectory, &request);
        issuance.await.expect("the store answers")
    }

    /// The ports and keys of the use cases.
    pub fn operations(&self) -> Operations {
        self.operations.clone()
    }

    /// Issues a code, and panics if it is refused.
    pub async fn issue(&self, user: &Identifier) -> IssuedCode {
        granted(self.ask(request(user)).await)
    }

    /// Verifies a typed code from a journey and address.
    pub async fn verify_from(&self, place: Place, user: &Identifier, typed: &str) -> Verification {
        self.try_verify_from(place, user, typed, None).await.expect("the store answers")
    }

    /// Verifies a typed code.
    pub async fn verify(&self, user: &Identifier, typed: &str) -> Verification {
        self.verify_as(user, typed, None).await
    }

    /// Verifies a typed code under an idempotency key.
    pub async fn verify_as(
        &self,
        user: &Identifier,
        typed: &str,
        key: Option<&str>,
    ) -> Verification {
        self.try_verify_as(user, typed, key).await.expect("the store answers")
    }

    /// Verifies a typed code under an idempotency key. The store may fail.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub async fn try_verify_as(
        &self,
        user: &Identifier,
        typed: &str,
        key: Option<&str>,
    ) -> Result<Verification, OperationError> {
        self.try_verify_from(Place::default(), user, typed, key).await
    }

    /// Verifies a typed code from a journey and address. The store may fail.
    ///
    /// # Errors
    /// The store under test failed.
    pub async fn try_verify_from(
        &self,
        Place { binding, source }: Place,
        user: &Identifier,
        typed: &str,
        key: Option<&str>,
    ) -> Result<Verification, OperationError> {
        let request = VerifyRequest {
            user: user.clone(),
            code: Guess::parse(self.policy.shape(), typed).expect("a guess"),
            binding,
            context: Context { source, ..Context::default() },
            idempotency_key: key.map(idempotency_key),
        };
        let verifier = self.verifier();
        verifier.verify(&self.caller, &self.policy, &OpaqueDirectory, &request).await
    }

    /// Revokes a user's live code; returns whether there was one.
    pub async fn revoke(&self, user: &Identifier) -> bool {
        match self.revoke_as(RevokeTarget::User(user.clone()), None).await {
            Revocation::Revoked => true,
            Revocation::GrantRevoked | Revocation::NothingLive => false,
            Revocation::Conflict => panic!("no key was given"),
        }
    }

    /// Revokes a code, under an idempotency key.
    pub async fn revoke_as(&self, target: RevokeTarget, key: Option<&str>) -> Revocation {
        let request = RevokeRequest {
            target,
            context: Context::default(),
            idempotency_key: key.map(idempotency_key),
        };
        let issuer = self.issuer();
        let revocation =
            issuer.revoke(&self.caller, &self.policy, &OpaqueDirectory, &request).await;
        revocation.expect("the store answers")
    }

    /// Clears a user's lockout.
    pub async fn clear(&self, user: &Identifier) -> Cleared {
        match self.clear_as(user, None).await {
            Clearance::Cleared(cleared) => cleared,
            Clearance::Conflict => panic!("no key was given"),
        }
    }

    /// Clears a user's lockout, under an idempotency key.
    pub async fn clear_as(&self, user: &Identifier, key: Option<&str>) -> Clearance {
        let request = ClearRequest {
            user: user.clone(),
            context: Context::default(),
            idempotency_key: key.map(idempotency_key),
        };
        let verifier = self.verifier();
        let clearance =
            verifier.clear_lockout(&self.caller, &self.policy, &OpaqueDirectory, &request).await;
        clearance.expect("the store answers")
    }

    /// Repudiates a code; `None` if it is not the application's.
    pub async fn repudiate(&self, code: &CodeId, told_of: Timestamp) -> Option<Repudiated> {
        let repudiator = Repudiator::new(self.operations.clone());
        let context = Context::default();
        let repudiated = repudiator.repudiate(&self.caller, code, told_of, &context).await;
        repudiated.expect("the store answers")
    }

    /// Lifts the block of a user; returns whether there was one.
    pub async fn lift(&self, user: &Identifier) -> bool {
        let repudiator = Repudiator::new(self.operations.clone());
        let context = Context::default();
        let lifted = repudiator.lift(&self.caller, &OpaqueDirectory, user, &context).await;
        lifted.expect("the store answers").expect("everybody exists")
    }

    /// Guesses wrongly `times` times at a user's code.
    pub async fn fail(&self, user: &Identifier, code: &IssuedCode, times: u32) {
        for _ in 0..times {
            self.verify(user, &wrong(code)).await;
        }
    }

    /// Everything that support can see of a user's record.
    pub async fn describe(&self, user: &Identifier) -> Description {
        let now = self.bench.clock.now();
        let description = self.bench.store.describe(self.subject(user).await, now).await;
        description.expect("the store answers")
    }

    pub(super) async fn subject(&self, user: &Identifier) -> Subject {
        let found = self.operations.find(&OpaqueDirectory, &self.caller.application, user).await;
        found.expect("opaque").expect("everybody exists").1
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: u64) {
        self.bench.clock.advance(Duration::from_secs(seconds));
    }
}
