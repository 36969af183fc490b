//! The port to the store of records. Each operation runs one transition of one record
//! ([`crate::record`]) atomically, with the store's own clock and fence.

use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;

use crate::digest::Subject;
use crate::pairing::{Binding, Pairing, PairingNumber};
use crate::record::{
    Clear, ClearOutcome, Description, Issue, IssueCheck, IssueOutcome, Pair, PairOutcome,
    Repudiate, Repudiated, Revoke, RevokeOutcome, Verify, VerifyOutcome,
};

/// The largest difference between the caller's clock and the store's. Beyond it, operations are
/// refused, since the two would disagree about expiries.
pub const MAX_SKEW: Duration = Duration::from_secs(5);

/// The store failed, or it is unknown whether it applied the operation. A retry with the same
/// attempt gets the outcome.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is down, slow, full, read-only or misconfigured.
    #[error("the code store is unavailable: {0}")]
    Unavailable(String),
    /// The caller's clock and the store's differ by more than [`MAX_SKEW`].
    #[error("this host's clock and the store's differ by {} ms", .0.as_millis())]
    Skewed(Duration),
}

/// Stores one record for each subject.
///
/// `asked_at` is the caller's time: a store refuses with [`StoreError::Skewed`] if its own time
/// differs by more than [`MAX_SKEW`].
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Runs [`Record::issue`](crate::record::Record::issue).
    async fn issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueOutcome, StoreError>;

    /// Runs [`Record::check_issue`](crate::record::Record::check_issue).
    async fn check_issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueCheck, StoreError>;

    /// Runs [`Record::verify`](crate::record::Record::verify).
    async fn verify(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Verify,
    ) -> Result<VerifyOutcome, StoreError>;

    /// Runs [`Record::revoke`](crate::record::Record::revoke).
    async fn revoke(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Revoke,
    ) -> Result<RevokeOutcome, StoreError>;

    /// Runs [`Record::clear_lockout`](crate::record::Record::clear_lockout).
    async fn clear_lockout(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Clear,
    ) -> Result<ClearOutcome, StoreError>;

    /// Runs [`Record::describe`](crate::record::Record::describe). An unknown subject has an empty
    /// record.
    async fn describe(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<Description, StoreError>;

    /// Runs [`Record::repudiate`](crate::record::Record::repudiate).
    async fn repudiate(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Repudiate,
    ) -> Result<Repudiated, StoreError>;

    /// Runs [`Record::lift_repudiation`](crate::record::Record::lift_repudiation).
    async fn lift_repudiation(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Runs [`Record::pair`](crate::record::Record::pair).
    async fn pair(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Pair,
    ) -> Result<PairOutcome, StoreError>;

    /// Runs [`Record::withdraw`](crate::record::Record::withdraw).
    async fn withdraw(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        binding: Binding,
    ) -> Result<(), StoreError>;

    /// Runs [`Record::pairing`](crate::record::Record::pairing).
    async fn pairing(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        number: PairingNumber,
    ) -> Result<Option<Pairing>, StoreError>;
}

/// Refuses a caller whose clock is too far from the store's.
///
/// # Errors
/// [`StoreError::Skewed`] beyond [`MAX_SKEW`].
pub fn check_skew(asked_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let skew = asked_at.distance(now);
    if skew > MAX_SKEW { Err(StoreError::Skewed(skew)) } else { Ok(()) }
}
