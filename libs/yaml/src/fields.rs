//! Reads the members of a map one by one. Members left over at the end are unknown, and refused.
//!
//! # Why
//! The keys that a reader asks for are the keys that it knows: an unknown key is answered with them.

use crate::node::{Key, Node};
use crate::notes::Notes;

/// The members of a map that have not been read yet.
pub struct Fields<'n> {
    what: String,
    line: u64,
    known: Vec<String>,
    left: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The members of a map. If the node is not a map: none, and a note.
    pub fn of(notes: &mut Notes, node: &'n Node, what: &str) -> Self {
        let left = notes.map(node, what);
        Self { what: what.to_owned(), line: node.line, known: Vec::new(), left }
    }

    /// Reports missing members on another line, such as the line of the map's own key.
    #[must_use]
    pub fn on_line(self, line: u64) -> Self {
        Self { line, ..self }
    }

    /// The line on which missing members are reported: the map's first, unless set otherwise.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads an optional member.
    pub fn optional(&mut self, key: &str) -> Option<&'n Node> {
        self.known.push(format!("`{key}`"));
        let at = self.left.iter().position(|(found, _)| found.text == key)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Reads a required member.
    pub fn required(&mut self, notes: &mut Notes, key: &str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            notes.add(self.line, format!("{}: missing key `{key}`", self.what));
        }
        found
    }

    /// Notes the members that were not read, and which keys are known.
    pub fn finish(self, notes: &mut Notes) {
        let known = self.known.join(", ");
        for (key, _) in self.left {
            let reason = format!("unknown key `{}`: must be one of {known}", key.text);
            notes.add(key.line, format!("{}: {reason}", self.what));
        }
    }
}
