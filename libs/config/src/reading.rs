//! Reading one configuration: its files, the fingerprint of all of them, and what is wrong.

use std::collections::HashSet;

use journeys::definition::Problem;
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::{Digest as _, Sha256};

use crate::source::Source;
use crate::yaml::{Content, Key, Node};

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

    fn note(&mut self, file: &str, line: Option<u64>, reason: impl Into<String>) {
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
                Ok(bytes) => match std::str::from_utf8(bytes.expose_secret()) {
                    Ok(text) => texts.push((name, text.to_owned())),
                    Err(_) => self.note(&name, None, "must be UTF-8"),
                },
                Err(error) => self.note(&name, None, format!("cannot be read: {error}")),
            }
        }
        texts
    }

    /// The content of a file, which becomes part of the fingerprint.
    pub(crate) fn bytes(&mut self, path: &str) -> Result<SecretSlice<u8>, std::io::ErrorKind> {
        let bytes = self.source.read(path)?;
        for part in [path.as_bytes(), bytes.expose_secret()] {
            self.hash.update((part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
        Ok(bytes)
    }

    /// Parses a file. Problems of its content are noted under its name.
    pub(crate) fn parse(&mut self, file: &str, text: &str) -> Option<Node> {
        let parsed = Node::parse(text);
        parsed.map_err(|(line, reason)| self.note(file, line, reason)).ok()
    }

    /// Notes under one file's name.
    pub(crate) fn notes<'r>(&'r mut self, file: &'r str) -> Notes<'r, 's> {
        Notes { reading: self, file }
    }
}

/// Notes what is wrong with one file, and reads single values of it.
pub(crate) struct Notes<'r, 's> {
    pub(crate) reading: &'r mut Reading<'s>,
    pub(crate) file: &'r str,
}

impl Notes<'_, '_> {
    pub(crate) fn add(&mut self, line: impl Into<Option<u64>>, reason: impl Into<String>) {
        self.reading.note(self.file, line.into(), reason);
    }

    /// Notes the error of a parse, under the name of what was parsed.
    pub(crate) fn check<T, E: std::fmt::Display>(
        &mut self,
        line: u64,
        what: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed.map_err(|error| self.add(line, format!("{what}: {error}"))).ok()
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.content {
            Content::Text(text) if !text.trim().is_empty() => Some(text),
            Content::Integer(_) => {
                self.add(node.line, format!("{what} must be a text: put the number in quotes"));
                None
            }
            Content::Text(_) | Content::List(_) | Content::Map(_) | Content::Other => {
                self.add(node.line, format!("{what} must be a text"));
                None
            }
        }
    }

    /// A whole number. One that does not fit is as wrong as one that is out of bounds.
    pub(crate) fn integer<T: TryFrom<u64>>(&mut self, node: &Node, what: &str) -> Option<T> {
        let number = match node.content {
            Content::Integer(number) => T::try_from(number).ok(),
            Content::Text(_) | Content::List(_) | Content::Map(_) | Content::Other => None,
        };
        if number.is_none() {
            self.add(node.line, format!("{what} must be a small whole number"));
        }
        number
    }

    /// The items of a list, of which there must be one.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.content {
            Content::List(items) if !items.is_empty() => items,
            Content::List(_)
            | Content::Text(_)
            | Content::Integer(_)
            | Content::Map(_)
            | Content::Other => {
                self.add(node.line, format!("{what} must be a list, and not empty"));
                &[]
            }
        }
    }

    /// The members of a map, to be taken one by one.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &str) -> Fields<'n> {
        let mut left = Vec::<(&Key, &Node)>::new();
        if let Content::Map(members) = &node.content {
            let mut seen = HashSet::new();
            for (key, member) in members {
                if seen.insert(&key.text) {
                    left.push((key, member));
                } else {
                    self.add(key.line, format!("{what}: `{}` stands twice", key.text));
                }
            }
        } else {
            self.add(node.line, format!("{what} must be a map"));
        }
        Fields { what: what.to_owned(), line: node.line, left }
    }
}

/// The members of a map that are still to be taken.
pub(crate) struct Fields<'n> {
    what: String,
    pub(crate) line: u64,
    left: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Takes a member that may be missing.
    pub(crate) fn optional(&mut self, key: &str) -> Option<&'n Node> {
        let at = self.left.iter().position(|(found, _)| found.text == key)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Takes a member that must be there.
    pub(crate) fn required(&mut self, notes: &mut Notes, key: &str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            notes.add(self.line, format!("{}: missing key `{key}`", self.what));
        }
        found
    }

    /// Notes the members that nobody took.
    pub(crate) fn finish(self, notes: &mut Notes) {
        for (key, _) in self.left {
            notes.add(key.line, format!("{}: unknown key `{}`", self.what, key.text));
        }
    }
}
