//! The configuration as it is now, while it changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use yaml::Problem;

use crate::configuration::Configuration;
use crate::remote::RemoteDirectory;
use crate::source::Source;

/// The outcome of a reload.
pub type Reload = files::Reload<Problem>;

/// Further reasons to refuse a configuration in the process that would serve it.
type Guard = Box<dyn Fn(&Configuration) -> Vec<Problem> + Send + Sync>;

/// A configuration that can be exchanged while it serves.
pub struct Live {
    source: Source,
    remote: RemoteDirectory,
    guard: Guard,
    current: ArcSwap<Configuration>,
    /// Two reloads at once could end with the older files.
    reloading: Mutex<()>,
}

impl Live {
    /// Reads and checks a folder.
    ///
    /// # Errors
    /// As [`Configuration::load`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Vec<Problem>> {
        Self::from_source(Source::Folder(folder.into()))
    }

    /// Reads and checks what a source holds.
    ///
    /// # Errors
    /// As [`Configuration::read`].
    pub fn from_source(source: Source) -> Result<Self, Vec<Problem>> {
        Self::guarded(source, |_| Vec::new())
    }

    /// Reads and checks what a source holds. Every configuration, this one and each that is to
    /// replace it, must also be one that the guard finds no problem with.
    ///
    /// # Errors
    /// As [`Configuration::read`]; of a valid configuration, the guard's problems.
    pub fn guarded(
        source: Source,
        guard: impl Fn(&Configuration) -> Vec<Problem> + Send + Sync + 'static,
    ) -> Result<Self, Vec<Problem>> {
        let remote = RemoteDirectory::default();
        let current = guarded(Configuration::read_with(&source, remote.clone())?, &guard)?;
        let current = ArcSwap::from_pointee(current);
        Ok(Self { source, remote, guard: Box::new(guard), current, reloading: Mutex::default() })
    }

    /// The configuration as it is now. A request asks once, so that one configuration serves it to the
    /// end.
    pub fn current(&self) -> Arc<Configuration> {
        self.current.load_full()
    }

    /// The directory of applications with `users: { directory: grpc }`, in every configuration that is
    /// served: connect it at the start.
    pub const fn directory(&self) -> &RemoteDirectory {
        &self.remote
    }

    /// Reads everything again, and serves it if it has changed and nothing is wrong with it. Reads
    /// files: not for a thread that must not wait.
    pub fn reload(&self) -> Reload {
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Configuration::read_with(&self.source, self.remote.clone());
        match new.and_then(|new| guarded(new, &self.guard)) {
            Ok(new) if new.fingerprint() == self.current.load().fingerprint() => Reload::Unchanged,
            Ok(new) => {
                self.current.store(Arc::new(new));
                Reload::Applied
            }
            Err(problems) => Reload::Refused(problems),
        }
    }
}

fn guarded(
    configuration: Configuration,
    guard: impl Fn(&Configuration) -> Vec<Problem>,
) -> Result<Configuration, Vec<Problem>> {
    let problems = guard(&configuration);
    if problems.is_empty() { Ok(configuration) } else { Err(problems) }
}
