//! Who an identifier leads to.

use async_trait::async_trait;

use crate::ids::ApplicationId;
use crate::user::{Identifier, UserId};

/// A directory could not answer: a fault, never "no such user".
#[derive(Debug, thiserror::Error)]
#[error("the user directory did not answer: {0}")]
pub struct DirectoryError(pub String);

/// Turns identifiers into users.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The user with this identifier; `None` if there is nobody.
    async fn resolve(
        &self,
        application: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError>;
}

/// The directory that knows nobody: the user IS the identifier.
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
