//! What is known from other files while an application is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use codes::ids::{ApplicationId, ClientId};
use definitions::JourneyId;

use crate::users::FileDirectory;

/// What is known from other files while an application is read.
#[derive(Default)]
pub(crate) struct Known {
    /// The journeys that some file defines, even if it is not valid yet.
    pub(crate) journeys: BTreeSet<JourneyId>,
    /// The users of each file; `None` where something is wrong with them.
    pub(crate) directories: BTreeMap<String, Option<Arc<FileDirectory>>>,
    /// The applications seen so far, and their files.
    pub(crate) applications: BTreeMap<ApplicationId, String>,
    /// The clients seen so far, and their files.
    pub(crate) clients: BTreeMap<ClientId, String>,
}
