//! The names in other files that a file may refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use codes::ids::{ApplicationId, ClientId, ProviderId};
use definitions::JourneyId;

use crate::remote::RemoteDirectory;
use crate::users::FileDirectory;

/// What is known from other files while one is read.
#[derive(Default)]
pub(crate) struct Known {
    /// The journeys that some file defines, even if it is not valid yet.
    pub(crate) journeys: BTreeSet<JourneyId>,
    /// The users of each file; `None` where something is wrong with them.
    pub(crate) directories: BTreeMap<String, Option<Arc<FileDirectory>>>,
    /// The directory that the process connects.
    pub(crate) remote: RemoteDirectory,
    /// The applications seen so far, and their files.
    pub(crate) applications: BTreeMap<ApplicationId, String>,
    /// The clients seen so far, and their files.
    pub(crate) clients: BTreeMap<ClientId, String>,
    /// The identity providers of agents seen so far, and their files.
    pub(crate) providers: BTreeMap<ProviderId, String>,
    /// The issuers that each client exchanges tokens of, and the files that say so.
    pub(crate) exchanges: BTreeMap<(String, ClientId), String>,
}
