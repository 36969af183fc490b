//! The secrets that other users of the machine can read.
//!
//! # Why a process-wide list
//! Most files are read before there is a log that could tell of them, and read again while the process
//! serves. Each is reported once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files, and whether they have been told of.
static FOUND: Mutex<BTreeMap<PathBuf, bool>> = Mutex::new(BTreeMap::new());

pub(crate) fn note(path: &Path) {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.entry(path.to_owned()).or_insert(false);
}

/// The files that have not been told of yet.
pub fn exposed() -> Vec<PathBuf> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let new = found.iter_mut().filter(|(_, is_told)| !**is_told);
    new.map(|(path, is_told)| {
        *is_told = true;
        path.clone()
    })
    .collect()
}

/// Tells the log of them.
pub fn warn_of_exposed() {
    for file in exposed() {
        let file = file.display();
        tracing::warn!(%file, "other users can read this secret: take the right from them (chmod o=)");
    }
}
