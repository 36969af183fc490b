//! The directory over gRPC, in every configuration of a process.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use codes::directory::{Directory, DirectoryError};
use codes::ids::ApplicationId;
use codes::user::{Identifier, UserId};
use desk::names::Tier;
use desk::tiers::Tiers;

/// The directory of applications with `users: { directory: grpc }`. The process connects it once; until
/// then it fails.
#[derive(Clone, Default)]
pub struct RemoteDirectory(Arc<OnceLock<Connected>>);

struct Connected {
    directory: Arc<dyn Directory>,
    tiers: Arc<dyn Tiers>,
}

impl RemoteDirectory {
    /// Connects it. A second call has no effect.
    pub fn connect<D: Directory + Tiers + 'static>(&self, users: Arc<D>) {
        let directory = Arc::clone(&users) as Arc<dyn Directory>;
        self.0.get_or_init(|| Connected { directory, tiers: users });
    }

    fn connected(&self) -> Result<&Connected, DirectoryError> {
        let missing = || DirectoryError("none is connected: set --directory".to_owned());
        self.0.get().ok_or_else(missing)
    }
}

#[async_trait]
impl Directory for RemoteDirectory {
    async fn resolve(
        &self,
        application: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError> {
        self.connected()?.directory.resolve(application, identifier).await
    }
}

#[async_trait]
impl Tiers for RemoteDirectory {
    async fn tier_of(
        &self,
        application: &ApplicationId,
        user: &UserId,
    ) -> Result<Option<Tier>, DirectoryError> {
        self.connected()?.tiers.tier_of(application, user).await
    }
}
