//! The fuzz targets: each feeds bytes to one parser of untrusted input, and checks a property
//! beyond "no panic".
//!
//! `cargo test` replays the corpora, one folder of `corpus/` for each target. `fuzz/` holds the
//! programs for cargo-fuzz; the command stands in `.github/CONTRIBUTING.md`.

mod credentials;
mod expressions;
mod files;

use std::fs;
use std::io;
use std::path::Path;

/// The body of a target. Panics if a property does not hold.
pub type Target = fn(&[u8]);

/// Every target, by its name.
pub const TARGETS: [(&str, Target); 11] = [
    ("code", credentials::code),
    ("configuration", files::configuration),
    ("export", files::export),
    ("expression", expressions::expression),
    ("forwarded", server::fuzzing::forwarded),
    ("grpc_timeout", server::fuzzing::grpc_timeout),
    ("identifier", credentials::identifier),
    ("journey", files::journey),
    ("message", web_protocol::fuzzing::message),
    ("reply", store_redis::codes::fuzzing::reply),
    ("session", journeys::fuzzing::session),
];

/// Runs the target of that name; an unknown name runs none.
pub fn run(name: &str, data: &[u8]) {
    let found = TARGETS.iter().find(|(target, _)| *target == name);
    if let Some((_, target)) = found {
        target(data);
    }
}

/// Runs each target over the files in the folder of its name, and returns how many files there were.
///
/// # Errors
/// A folder or a file cannot be read.
pub fn replay(corpora: &Path) -> io::Result<Vec<(&'static str, usize)>> {
    TARGETS
        .iter()
        .map(|(name, target)| Ok((*name, replay_one(&corpora.join(name), *target)?)))
        .collect()
}

fn replay_one(corpus: &Path, target: Target) -> io::Result<usize> {
    let mut files = 0;
    for file in fs::read_dir(corpus)? {
        target(&fs::read(file?.path())?);
        files += 1;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_holds_over_its_corpus() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (target, files) in replay(&corpora).expect("a folder for each target") {
            assert!(files >= 3, "{target} has {files} files");
        }
        let folders = fs::read_dir(&corpora).expect("the corpora").count();
        assert_eq!(folders, TARGETS.len(), "every folder belongs to a target");
    }
}
