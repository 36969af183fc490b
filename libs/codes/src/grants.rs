//! The port to revoked grants: every token minted for such a grant is inactive.
//!
//! A grant follows from its code's ID ([`crate::ids::CodeId::grant`]), even if the record has
//! forgotten the code. Only revoked grants are stored, so redeeming a code needs no write here.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::GrantId;
use crate::store::StoreError;

/// How long a revocation is kept. Every token of the grant expires earlier: a user's tokens at most
/// 24 hours after the code was accepted, a journey's token five minutes after the end of its
/// session.
pub const LIFETIME: Duration = Duration::from_secs(25 * 60 * 60);

/// Stores the revoked grants.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Revokes a grant. Revoking it again restarts its [`LIFETIME`].
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError>;

    /// Whether a grant is revoked.
    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError>;
}
