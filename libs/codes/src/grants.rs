//! The port to revoked grants: everything minted for such a grant is inactive.
//!
//! A grant is known by its code's id ([`crate::ids::CodeId::grant`]), also after the record has
//! forgotten the code. Only revoked grants are kept, so redeeming a code costs no write here.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::GrantId;
use crate::store::StoreError;

/// How long a revocation is kept. No token of the grant lives longer: a user's tokens end at most 24
/// hours after the code was accepted, a journey's token five minutes after the end of its session.
pub const LIFETIME: Duration = Duration::from_secs(25 * 60 * 60);

/// Keeps the revoked grants.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Revokes a grant. Doing it again begins its [`LIFETIME`] anew.
    async fn revoke(&self, grant: &GrantId) -> Result<(), StoreError>;

    /// Whether a grant is revoked.
    async fn is_revoked(&self, grant: &GrantId) -> Result<bool, StoreError>;
}
