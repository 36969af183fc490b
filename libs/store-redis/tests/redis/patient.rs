//! Stores that retry under the same id until there is an answer, as a caller with a withheld outcome
//! does. On a busy machine a call can exceed its deadline in the queue for a lane, and so can a
//! replica: for a contract or a history this means nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use clock::Timestamp;
use codes::claims::{Claim, ClaimStore};
use codes::conformance::Bench;
use codes::digest::Subject;
use codes::grants::GrantStore;
use codes::ids::GrantId;
use codes::pairing::{Binding, Pairing, PairingNumber};
use codes::record::{
    Attempt, Clear, ClearOutcome, Description, Issue, IssueCheck, IssueOutcome, Pair, PairOutcome,
    Repudiate, Repudiated, Revoke, RevokeOutcome, Verify, VerifyOutcome,
};
use codes::store::{CodeStore, StoreError};
use store_redis::connection::Connection;

/// A bench for the contract suite whose stores retry.
pub(crate) fn bench(connection: Connection) -> Bench {
    let bench = crate::bench(connection);
    let claims = Arc::new(PatientClaims(bench.claims));
    let grants = Arc::new(PatientGrants(bench.grants));
    Bench { store: Arc::new(Patient(bench.store)), claims, grants, ..bench }
}

/// The store that is retried.
pub(crate) struct Patient(pub(crate) Arc<dyn CodeStore>);

struct PatientClaims(Arc<dyn ClaimStore>);

/// The store of revoked grants that is retried.
pub(crate) struct PatientGrants(pub(crate) Arc<dyn GrantStore>);

async fn until_told<T, F>(mut ask: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let began = Instant::now();
    loop {
        match ask().await {
            Err(StoreError::Unavailable(_)) if began.elapsed() < Duration::from_secs(20) => {}
            told => return told,
        }
    }
}

#[async_trait]
impl CodeStore for Patient {
    async fn issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueOutcome, StoreError> {
        until_told(|| self.0.issue(subject, asked_at, command.clone())).await
    }

    async fn check_issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueCheck, StoreError> {
        until_told(|| self.0.check_issue(subject, asked_at, command.clone())).await
    }

    async fn verify(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Verify,
    ) -> Result<VerifyOutcome, StoreError> {
        until_told(|| self.0.verify(subject, asked_at, command.clone())).await
    }

    async fn revoke(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Revoke,
    ) -> Result<RevokeOutcome, StoreError> {
        until_told(|| self.0.revoke(subject, asked_at, command.clone())).await
    }

    async fn clear_lockout(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Clear,
    ) -> Result<ClearOutcome, StoreError> {
        until_told(|| self.0.clear_lockout(subject, asked_at, command)).await
    }

    async fn describe(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<Description, StoreError> {
        until_told(|| self.0.describe(subject, asked_at)).await
    }

    async fn repudiate(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Repudiate,
    ) -> Result<Repudiated, StoreError> {
        until_told(|| self.0.repudiate(subject, asked_at, command.clone())).await
    }

    async fn lift_repudiation(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<bool, StoreError> {
        until_told(|| self.0.lift_repudiation(subject, asked_at)).await
    }

    async fn pair(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Pair,
    ) -> Result<PairOutcome, StoreError> {
        until_told(|| self.0.pair(subject, asked_at, command.clone())).await
    }

    async fn withdraw(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        binding: Binding,
    ) -> Result<(), StoreError> {
        until_told(|| self.0.withdraw(subject, asked_at, binding)).await
    }

    async fn pairing(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        number: PairingNumber,
    ) -> Result<Option<Pairing>, StoreError> {
        until_told(|| self.0.pairing(subject, asked_at, number.clone())).await
    }
}

#[async_trait]
impl ClaimStore for PatientClaims {
    async fn claim(&self, attempt: Attempt) -> Result<Claim, StoreError> {
        until_told(|| self.0.claim(attempt)).await
    }

    async fn settle_idle(&self, attempt: Attempt) -> Result<(), StoreError> {
        until_told(|| self.0.settle_idle(attempt)).await
    }
}

#[async_trait]
impl GrantStore for PatientGrants {
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError> {
        until_told(|| self.0.revoke(grant)).await
    }

    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError> {
        until_told(|| self.0.is_revoked(grant)).await
    }
}
