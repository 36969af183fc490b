//! The configuration as it is now, while it changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use yaml::Problem;

use crate::configuration::Configuration;
use crate::source::Source;

/// What became of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The files are the same, byte for byte.
    Unchanged,
    /// The files have changed, and now they are what serves.
    Applied,
    /// The files have changed for the worse: what served before still does.
    Refused(Vec<Problem>),
}

/// A configuration that can be exchanged while it serves.
pub struct Live {
    source: Source,
    current: ArcSwap<Configuration>,
    /// Two reloads at once could end with the older files.
    reloading: Mutex<()>,
}

impl Live {
    /// Reads and checks a folder.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Vec<Problem>> {
        Self::from_source(Source::Folder(folder.into()))
    }

    /// Reads and checks what a source holds.
    pub fn from_source(source: Source) -> Result<Self, Vec<Problem>> {
        let current = ArcSwap::from_pointee(Configuration::read(&source)?);
        Ok(Self { source, current, reloading: Mutex::default() })
    }

    /// The configuration as it is now. Whoever asks once for a request serves it from one
    /// configuration to the end.
    pub fn current(&self) -> Arc<Configuration> {
        self.current.load_full()
    }

    /// Reads everything again, and serves it if it has changed and nothing is wrong with it. Reads
    /// files: not for a thread that must not wait.
    pub fn reload(&self) -> Reload {
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        match Configuration::read(&self.source) {
            Ok(new) if new.fingerprint() == self.current.load().fingerprint() => Reload::Unchanged,
            Ok(new) => {
                self.current.store(Arc::new(new));
                Reload::Applied
            }
            Err(problems) => Reload::Refused(problems),
        }
    }
}
