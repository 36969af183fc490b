//! The port to the tiers of users.

use async_trait::async_trait;
use codes::directory::{DirectoryError, OpaqueDirectory};
use codes::ids::ApplicationId;
use codes::user::UserId;

use crate::names::Tier;

/// Tells the tiers of users.
#[async_trait]
pub trait Tiers: Send + Sync {
    /// The user's tier: [`Tier::default`] for a user without one; `None` if the directory does not
    /// know tiers.
    async fn tier_of(
        &self,
        application: &ApplicationId,
        user: &UserId,
    ) -> Result<Option<Tier>, DirectoryError>;
}

#[async_trait]
impl Tiers for OpaqueDirectory {
    async fn tier_of(&self, _: &ApplicationId, _: &UserId) -> Result<Option<Tier>, DirectoryError> {
        Ok(Some(Tier::default()))
    }
}
