//! The members of a map, taken one by one: what nobody takes is unknown, and refused.

use crate::node::{Key, Node};
use crate::notes::Notes;

/// The members of a map that are still to be taken.
pub struct Fields<'n> {
    what: String,
    line: u64,
    left: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The members of a map; none, and a note, where the node is no map.
    pub fn of(notes: &mut Notes, node: &'n Node, what: &str) -> Self {
        Self { what: what.to_owned(), line: node.line, left: notes.map(node, what) }
    }

    /// Reports what is missing on another line, such as that of the map's own key.
    #[must_use]
    pub fn on_line(self, line: u64) -> Self {
        Self { line, ..self }
    }

    /// The line on which what is missing is reported: where the map begins, unless said otherwise.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Takes a member that may be missing.
    pub fn optional(&mut self, key: &str) -> Option<&'n Node> {
        let at = self.left.iter().position(|(found, _)| found.text == key)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Takes a member that must be there.
    pub fn required(&mut self, notes: &mut Notes, key: &str) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            notes.add(self.line, format!("{}: missing key `{key}`", self.what));
        }
        found
    }

    /// Notes the members that nobody took.
    pub fn finish(self, notes: &mut Notes) {
        for (key, _) in self.left {
            notes.add(key.line, format!("{}: unknown key `{}`", self.what, key.text));
        }
    }
}
