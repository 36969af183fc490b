//! The port to claims: an idempotency key of a client belongs to the first request sent under it,
//! also if a second request is for another user.
//!
//! # Why not in the records
//! A record only knows the keys of its own user: one key for two users would have two effects. So a
//! call with a key first claims the key for its request. Then it reaches the record, which
//! remembers the outcome. Callers whose keys are unique by construction skip the claim.
//!
//! # What is bounded
//! A claim is two digests and lives for [`REPLAY_WINDOW`]. A call makes one claim, and the client's
//! rate limit bounds its calls.

use std::time::Duration;

use async_trait::async_trait;

use crate::record::{Attempt, REPLAY_WINDOW};
use crate::store::StoreError;

/// How long a key belongs to its request, counted from the first call.
pub const LIFETIME: Duration = REPLAY_WINDOW;

/// Which request a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This request; the call is the first one or a retry.
    Held,
    /// This request, and its first call found nothing to do.
    Idle,
    /// Another request.
    Taken,
}

/// Stores claims.
#[async_trait]
pub trait ClaimStore: Send + Sync {
    /// Claims the attempt's ID for its fingerprint, unless it is claimed already. Of parallel calls
    /// with different fingerprints, one gets the claim.
    async fn claim(&self, attempt: Attempt) -> Result<Claim, StoreError>;

    /// Notes that the request found nothing to do, so that its retries find nothing either. Does
    /// nothing if the key belongs to another request or to none. Does not prolong the claim.
    async fn settle_idle(&self, attempt: Attempt) -> Result<(), StoreError>;
}
