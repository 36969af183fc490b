//! The port to what idempotency keys stand for: one key of one client names one request, whichever
//! user it is about.
//!
//! # Why not in the records
//! A record knows the keys of its own user only: one key for two users would have two effects. So a
//! call with a key first claims the key for its request, and only then reaches the record, which
//! remembers the outcome. A caller whose keys are unique by construction claims none.
//!
//! # What is bounded
//! A claim is as small as two digests and lives for [`REPLAY_WINDOW`]. A client makes one by a call,
//! of which its rate limits admit so many a minute.

use std::time::Duration;

use async_trait::async_trait;

use crate::record::{Attempt, REPLAY_WINDOW};
use crate::store::StoreError;

/// How long a key stands for its request, from the first call on.
pub const LIFETIME: Duration = REPLAY_WINDOW;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This request: of the first call, or of a retry.
    Held,
    /// This request, which found nothing to do.
    Idle,
    /// Another request.
    Taken,
}

/// Keeps what each key stands for.
#[async_trait]
pub trait ClaimStore: Send + Sync {
    /// Claims the attempt's name for its fingerprint, unless it is claimed. Of many calls at a time
    /// with as many fingerprints, one gets it.
    async fn claim(&self, attempt: Attempt) -> Result<Claim, StoreError>;

    /// Notes that the request found nothing to do: its retries find nothing either. Does nothing
    /// where the name stands for another request or for none. The claim lives no longer for it.
    async fn settle_idle(&self, attempt: Attempt) -> Result<(), StoreError>;
}
