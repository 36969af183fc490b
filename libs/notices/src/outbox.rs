//! The port to the notices that wait to be delivered, at the outbox's own time.
//!
//! Each notice waits until a time of its own, so that one that fails delays no other. A dispatcher that
//! takes a notice hides it from the others for a [`LEASE`]. If it ends meanwhile, another one takes the
//! notice after that.
//!
//! # Why no Redis stream
//! The pending entries of a stream's consumer group have no time at which each may be tried again: every
//! look for due retries would scan all of them, an issue that is retried would add a second entry, and the
//! server's clock alone would count. Names ordered by due time give all three, on any backend.

use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use codes::ids::ApplicationId;

use crate::notice::NoticeId;

/// How long a notice is retried.
pub const RETENTION: Duration = Duration::from_secs(72 * 60 * 60);

/// How long a taken notice is hidden from other dispatchers: longer than one delivery takes.
pub const LEASE: Duration = Duration::from_secs(15);

/// How long dead letters count as lag once nothing waits. A receiver that refuses every notice stops the
/// issuing of codes, as an outage does. Without new codes no delivery can end the lag, so it ends after
/// this time.
pub const REFUSALS_COUNT: Duration = Duration::from_secs(60 * 60);

/// How long an untouched outbox is kept: longer than its notices are retried.
pub const KEPT: Duration = Duration::from_secs(73 * 60 * 60);

/// A notice, taken for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: NoticeId,
    /// The notice, encrypted.
    pub sealed: Vec<u8>,
    /// How often it was taken, this time included.
    pub attempts: u32,
    /// How long it has waited.
    pub age: Duration,
    /// When it was written.
    pub written_at: Timestamp,
}

/// The end of one attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The receiver has it.
    Delivered,
    /// To be tried again after this time.
    Failed(Duration),
    /// It will never be delivered: it no longer waits.
    Dead,
}

/// How one application's notices stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many wait.
    pub waiting: u64,
    /// How long no delivery has succeeded although notices wait or died: since the first of them was
    /// written, or failed for the first time. A delivery ends it, and so does an hour without waiting
    /// notices after the last dead letter. A notice that later ones overtook does not count: its receiver
    /// works.
    pub lag: Duration,
    /// Until when the lag stops no issue; `None` if it counts.
    pub suspended_until: Option<Timestamp>,
}

impl Backlog {
    /// Whether notices are too late for another code to be issued.
    pub fn is_delayed(&self, max_lag: Duration) -> bool {
        self.lag > max_lag && self.suspended_until.is_none()
    }
}

/// The outbox does not answer. The operation may have had its effect.
#[derive(Debug, thiserror::Error)]
#[error("the outbox of notices is unavailable: {0}")]
pub struct OutboxError(pub String);

/// Keeps notices until they are delivered.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Adds a notice, due at once. Does nothing if one of that name waits.
    async fn write(
        &self,
        application: &ApplicationId,
        id: &NoticeId,
        sealed: Vec<u8>,
    ) -> Result<(), OutboxError>;

    /// Takes at most `limit` notices that are due, the longest due first.
    async fn take(
        &self,
        application: &ApplicationId,
        limit: usize,
    ) -> Result<Vec<Entry>, OutboxError>;

    /// Ends the attempt of that number. A failure changes nothing if a later attempt has begun.
    async fn settle(
        &self,
        application: &ApplicationId,
        (id, attempts): (&NoticeId, u32),
        settlement: Settlement,
    ) -> Result<(), OutboxError>;

    /// Describes the application's notices.
    async fn backlog(&self, application: &ApplicationId) -> Result<Backlog, OutboxError>;

    /// Suspends the lag's effect on issuing for that time; zero ends the suspension.
    async fn suspend(
        &self,
        application: &ApplicationId,
        duration: Duration,
    ) -> Result<(), OutboxError>;
}
