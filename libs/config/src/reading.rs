//! Reading one configuration: its files, the fingerprint of all of them, and what is wrong.

use files::{ReadError, without_mark};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};
use yaml::{Limits, Node, Notes, Problem};

use crate::source::Source;

/// Room for the users of a large application.
pub(crate) const LIMITS: Limits = Limits { depth: 16, nodes: 200_000 };

/// What has been read so far.
pub(crate) struct Reading<'s> {
    source: &'s Source,
    hash: Sha256,
    problems: Vec<Problem>,
}

impl<'s> Reading<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self { source, hash: Sha256::new(), problems: Vec::new() }
    }

    /// Every problem, in the order of files and lines, or the fingerprint of what was read.
    pub(crate) fn finish(mut self) -> Result<[u8; 32], Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(self.hash.finalize().into());
        }
        self.problems.sort();
        Err(self.problems)
    }

    pub(crate) fn note_all(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    pub(crate) fn note(&mut self, file: &str, line: Option<u64>, reason: impl Into<String>) {
        self.problems.push(Problem { file: file.to_owned(), line, reason: reason.into() });
    }

    /// The YAML files of a folder, by name and content. What cannot be read is noted.
    pub(crate) fn texts(&mut self, folder: &str) -> Vec<(String, String)> {
        let names = self.source.list(folder).unwrap_or_else(|error| {
            self.note(folder, None, format!("cannot be read: {error}"));
            Vec::new()
        });
        let mut texts = Vec::new();
        for name in names {
            match self.bytes(&name) {
                Ok(bytes) => match std::str::from_utf8(without_mark(bytes.expose_secret())) {
                    Ok(text) => texts.push((name, text.to_owned())),
                    Err(_) => self.note(&name, None, "must be UTF-8"),
                },
                Err(error) => self.note(&name, None, error.to_string()),
            }
        }
        texts
    }

    /// The content of a file, which becomes part of the fingerprint.
    pub(crate) fn bytes(&mut self, path: &str) -> Result<SecretSlice<u8>, ReadError> {
        let bytes = self.source.read(path)?;
        self.fingerprint(path, &bytes);
        Ok(bytes)
    }

    /// The content of a file that holds a secret, which becomes part of the fingerprint too. `None` where
    /// secrets are not read.
    pub(crate) fn secret(&mut self, path: &str) -> Result<Option<SecretSlice<u8>>, ReadError> {
        let bytes = self.source.read_secret(path)?;
        if let Some(bytes) = &bytes {
            self.fingerprint(path, bytes);
        }
        Ok(bytes)
    }

    fn fingerprint(&mut self, path: &str, bytes: &SecretSlice<u8>) {
        for part in [path.as_bytes(), bytes.expose_secret()] {
            self.hash.update((part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
    }

    /// Parses a file and has it read. What is wrong with it is noted under its name.
    pub(crate) fn parse<T>(
        &mut self,
        file: &str,
        text: &str,
        read: impl FnOnce(&mut Self, &mut Notes, &Node) -> Option<T>,
    ) -> Option<T> {
        let mut notes = Notes::new(file);
        let node = notes.parse(text, LIMITS);
        let read = node.and_then(|node| read(self, &mut notes, &node));
        self.note_all(notes.into_problems());
        read
    }
}

/// A path from a file's folder. An absolute path stays what it is: a mounted
/// secret lies outside the configuration.
pub(crate) fn beside(file: &str, path: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
}
