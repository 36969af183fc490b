//! The port to the user directory, which resolves identifiers to users.

use async_trait::async_trait;

use crate::ids::ApplicationId;
use crate::user::{Identifier, UserId};

/// The directory failed. It does not mean "no such user".
#[derive(Debug, thiserror::Error)]
#[error("the user directory failed: {0}")]
pub struct DirectoryError(pub String);

/// Resolves identifiers to users.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The user with this identifier; `None` if there is none.
    async fn resolve(
        &self,
        application: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError>;
}

/// The directory without data: every identifier is a user of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpaqueDirectory;

#[async_trait]
impl Directory for OpaqueDirectory {
    async fn resolve(
        &self,
        _: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError> {
        Ok(Some(UserId::from_identifier(identifier)))
    }
}
