//! The port to stored authorization codes. The `conformance` module is its contract.

use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use codes::ids::GrantId;
use codes::store::StoreError;

use crate::authorized::{Proof, Sealed};
use crate::code::CodeKey;

/// How long a code can be redeemed. RFC 6749, section 4.1.2, allows ten minutes; a client redeems it as
/// soon as the browser delivers it.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How long a consumed code is remembered: longer than any token that it gave lives.
pub const REPLAY_MEMORY: Duration = codes::grants::LIFETIME;

/// What is stored of a new code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// The grant of what the code gives.
    pub grant: GrantId,
    /// What the rightful client proves: see [`Proof`].
    pub proof: Proof,
    /// What the code stands for.
    pub body: Sealed,
}

/// Stores authorization codes.
///
/// `asked_at` is the caller's time: a store refuses with [`StoreError::Skewed`] if its own time differs
/// too much.
#[async_trait]
pub trait AuthorizationCodeStore: Send + Sync {
    /// Stores a new code for [`CODE_LIFETIME`]. Storing it again changes nothing.
    async fn put(
        &self,
        key: &CodeKey,
        asked_at: Timestamp,
        code: NewCode,
    ) -> Result<(), StoreError>;

    /// Consumes a code. Of parallel calls one gets the body, which is kept no longer than the code would
    /// have lived. Grant and proof of a consumed code are remembered for [`REPLAY_MEMORY`]. A code that
    /// another primary stored is unknown: that primary may have consumed it.
    async fn consume(&self, key: &CodeKey, asked_at: Timestamp) -> Result<Consumption, StoreError>;
}

/// The outcome of consuming a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// The first time: what the code stands for.
    First(Sealed),
    /// The code was consumed before. If the presenting client has the proof, it or a thief has redeemed the
    /// code, and the grant has to be revoked. Without it, a stranger has found a used code.
    Replayed {
        /// The grant of what the code gave.
        grant: GrantId,
        /// What the rightful client proves.
        proof: Proof,
    },
    /// There is no such code, or it has expired.
    Unknown,
}
