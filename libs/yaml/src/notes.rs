//! Collects the problems of a file while its values are read.

use std::collections::HashSet;
use std::fmt;

use crate::node::{Content, Key, Limits, Node};
use crate::problem::Problem;

/// Collects the problems of one file and reads single values of it.
///
/// A value is `None` only if a problem was noted, so the caller may stop without noting another.
/// `what` is the name of the value in the note.
#[derive(Debug)]
pub struct Notes {
    file: String,
    problems: Vec<Problem>,
}

impl Notes {
    /// Starts without problems.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: Vec::new() }
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The problems, sorted by line.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems
    }

    /// Notes a problem.
    pub fn add(&mut self, line: impl Into<Option<u64>>, reason: impl Into<String>) {
        let (file, line) = (self.file.clone(), line.into());
        self.problems.push(Problem { file, line, reason: reason.into() });
    }

    /// Notes the error of parsing a value, under the value's name.
    pub fn check<T, E: fmt::Display>(
        &mut self,
        line: u64,
        what: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed.map_err(|error| self.add(line, format!("{what}: {error}"))).ok()
    }

    /// Parses the file.
    pub fn parse(&mut self, source: &str, limits: Limits) -> Option<Node> {
        let parsed = Node::parse(&self.file, source, limits);
        parsed.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// A text that is not empty.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.content {
            Content::Text(text) if !text.is_empty() => Some(text),
            Content::Integer(_) | Content::Number(_) => {
                self.add(node.line, format!("{what} must be a text: put the number in quotes"));
                None
            }
            Content::Text(_)
            | Content::Null
            | Content::Bool(_)
            | Content::List(_)
            | Content::Map(_) => {
                self.add(node.line, format!("{what} must be a text"));
                None
            }
        }
    }

    /// A whole number. Out of the type's range and out of bounds are the same mistake.
    pub fn integer<T: TryFrom<u64>>(&mut self, node: &Node, what: &str) -> Option<T> {
        let number = match node.content {
            Content::Integer(number) => T::try_from(number).ok(),
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_)
            | Content::Map(_) => None,
        };
        if number.is_none() {
            self.add(node.line, format!("{what} must be a small whole number"));
        }
        number
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.content {
            Content::Bool(yes) => Some(yes),
            Content::Null
            | Content::Integer(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_)
            | Content::Map(_) => {
                self.add(node.line, format!("{what} must be true or false"));
                None
            }
        }
    }

    /// The items of a list that is not empty; otherwise no items, and a note.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.content {
            Content::List(items) if !items.is_empty() => items,
            Content::List(_)
            | Content::Null
            | Content::Bool(_)
            | Content::Integer(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::Map(_) => {
                self.add(node.line, format!("{what} must be a list, and not empty"));
                &[]
            }
        }
    }

    /// The members of a map, each key once; no members if it is not a map.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Key, &'n Node)> {
        let Content::Map(members) = &node.content else {
            self.add(node.line, format!("{what} must be a map"));
            return Vec::new();
        };
        let mut seen = HashSet::new();
        let mut once = Vec::new();
        for (key, member) in members {
            if seen.insert(&key.text) {
                once.push((key, member));
            } else {
                self.add(key.line, format!("{what}: `{}` stands twice", key.text));
            }
        }
        once
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    const LIMITS: Limits = Limits { depth: 4, nodes: 100 };

    /// The problems noted while `read` reads `source`.
    fn noted(source: &str, read: fn(&mut Notes, &Node)) -> Vec<String> {
        let mut notes = Notes::new("f.yaml");
        let node = notes.parse(source, LIMITS).expect("yaml");
        read(&mut notes, &node);
        notes.into_problems().iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_value_of_another_kind_is_noted() {
        let text = |notes: &mut Notes, node: &Node| assert_eq!(notes.text(node, "a"), None);
        for source in ["", "''", "true", "[x]", "{x: y}"] {
            assert_eq!(noted(source, text), ["f.yaml:1: a must be a text"], "{source}");
        }
        for source in ["7", "-7", "0.5"] {
            let reason = "f.yaml:1: a must be a text: put the number in quotes";
            assert_eq!(noted(source, text), [reason], "{source}");
        }
        let small = |notes: &mut Notes, node: &Node| {
            assert_eq!(notes.integer::<u8>(node, "a"), None);
        };
        for source in ["256", "-1", "1.0", "'1'", "[]"] {
            let reason = "f.yaml:1: a must be a small whole number";
            assert_eq!(noted(source, small), [reason], "{source}");
        }
        let list = |notes: &mut Notes, node: &Node| assert!(notes.list(node, "a").is_empty());
        for source in ["[]", "x", "{x: y}"] {
            let reason = "f.yaml:1: a must be a list, and not empty";
            assert_eq!(noted(source, list), [reason], "{source}");
        }
    }

    #[test]
    fn every_problem_of_a_map_is_noted_in_the_order_of_lines() {
        let read = |notes: &mut Notes, node: &Node| {
            let mut fields = Fields::of(notes, node, "it");
            assert!(fields.required(notes, "b").is_none());
            assert!(fields.required(notes, "a").is_some());
            assert!(fields.optional("e").is_none());
            fields.finish(notes);
        };
        assert_eq!(
            noted("a: 1\nc: 2\na: 3\nd: 4\n", read),
            [
                "f.yaml:1: it: missing key `b`",
                "f.yaml:2: it: unknown key `c`: must be one of `b`, `a`, `e`",
                "f.yaml:3: it: `a` stands twice",
                "f.yaml:4: it: unknown key `d`: must be one of `b`, `a`, `e`",
            ]
        );
        assert_eq!(
            noted("\n[a]", |notes, node| Fields::of(notes, node, "it").finish(notes)),
            ["f.yaml:2: it must be a map"]
        );
    }

    #[test]
    fn missing_members_can_be_reported_on_the_line_of_the_key() {
        let read = |notes: &mut Notes, node: &Node| {
            for (key, member) in notes.map(node, "it") {
                let mut fields = Fields::of(notes, member, &key.text).on_line(key.line);
                assert!(fields.required(notes, "c").is_none());
            }
        };
        assert_eq!(noted("a:\n  b: 1\n", read), ["f.yaml:1: a: missing key `c`"]);
    }

    #[test]
    fn a_file_that_is_not_yaml_is_noted() {
        let mut notes = Notes::new("f.yaml");
        assert!(notes.parse("a: b: c", LIMITS).is_none());
        let problems = notes.into_problems();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].to_string().starts_with("f.yaml:1: "), "{problems:?}");
    }
}
