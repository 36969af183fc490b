//! The port to stored authorization codes. The `conformance` module is its contract.

use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use codes::ids::GrantId;
use codes::store::StoreError;

use crate::code::CodeKey;

/// How long a code can be redeemed. RFC 6749, section 4.1.2, allows ten minutes; a client redeems it as
/// soon as the browser delivers it.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How long a consumed code is remembered: longer than any token that it gave lives.
pub const REPLAY_MEMORY: Duration = codes::grants::LIFETIME;

/// Stores authorization codes.
///
/// `asked_at` is the caller's time: a store refuses with [`StoreError::Skewed`] if its own time differs
/// too much.
#[async_trait]
pub trait AuthorizationCodeStore: Send + Sync {
    /// Stores a new code and what it stands for, for [`CODE_LIFETIME`]. Storing it again changes nothing.
    async fn put(
        &self,
        key: &CodeKey,
        asked_at: Timestamp,
        grant: &GrantId,
        body: Vec<u8>,
    ) -> Result<(), StoreError>;

    /// Consumes a code. Of parallel calls one gets the body. A consumed code is remembered for
    /// [`REPLAY_MEMORY`]. A code that another primary stored is unknown: that primary may have consumed it.
    async fn consume(&self, key: &CodeKey, asked_at: Timestamp) -> Result<Consumption, StoreError>;
}

/// The outcome of consuming a code.
#[derive(Clone, PartialEq, Eq)]
pub enum Consumption {
    /// The first time: what the code stands for.
    First(Vec<u8>),
    /// The code was consumed before. Its grant has to be revoked.
    Replayed(GrantId),
    /// There is no such code, or it has expired.
    Unknown,
}

impl std::fmt::Debug for Consumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First(_) => "First",
            Self::Replayed(_) => "Replayed",
            Self::Unknown => "Unknown",
        })
    }
}
