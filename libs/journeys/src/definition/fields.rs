//! Takes the keys of a YAML map one by one, and notes what is missing, wrong or left over.

use super::Problem;
use super::template::Template;
use super::yaml::{Content, Key, Yaml};
use crate::expression::Expression;
use crate::expression::ast::Node;
use crate::expression::value::Value;

use super::step::{Data, Located};

/// Collects the problems of one file.
pub(super) struct Notes {
    file: String,
    pub(super) problems: Vec<Problem>,
}

impl Notes {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: Vec::new() }
    }

    pub(super) fn add(&mut self, line: impl Into<Option<u64>>, reason: impl Into<String>) {
        let (file, line) = (self.file.clone(), line.into());
        self.problems.push(Problem { file, line, reason: reason.into() });
    }

    /// The members of a map, each key once.
    pub(super) fn map<'y>(&mut self, yaml: &'y Yaml, what: &str) -> Vec<(&'y Key, &'y Yaml)> {
        let Content::Map(members) = &yaml.content else {
            self.add(yaml.line, format!("{what} must be a map"));
            return Vec::new();
        };
        let mut seen = Vec::<(&Key, &Yaml)>::new();
        for (key, member) in members {
            if seen.iter().any(|(other, _)| other.text == key.text) {
                self.add(key.line, format!("{what}: `{}` stands twice", key.text));
            } else {
                seen.push((key, member));
            }
        }
        seen
    }

    /// A text, not empty.
    pub(super) fn text<'y>(&mut self, yaml: &'y Yaml, what: &str) -> Option<&'y str> {
        match &yaml.content {
            Content::Text(text) if !text.is_empty() => Some(text),
            _ => {
                self.add(yaml.line, format!("{what} must be a text"));
                None
            }
        }
    }

    /// A name that expressions can read.
    pub(super) fn name<'y>(&mut self, yaml: &'y Yaml, what: &str) -> Option<&'y str> {
        let text = self.text(yaml, what)?;
        self.check_name(yaml.line, text, what).then_some(text)
    }

    /// Notes it if `text` is no name that expressions can read.
    pub(super) fn check_name(&mut self, line: u64, text: &str, what: &str) -> bool {
        let is_name = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !["null", "true", "false"].contains(&text);
        if !is_name {
            let rule = "must be at most 64 letters, digits or `_`, and not begin with a digit";
            self.add(line, format!("{what} {rule}"));
        }
        is_name
    }

    /// An expression. A bad one is noted, and null stands for it, so that the rest of the file can
    /// still be checked.
    pub(super) fn expression(&mut self, yaml: &Yaml, what: &str) -> Located {
        let node = match &yaml.content {
            Content::Text(source) => return self.source(yaml.line, source, what),
            Content::Null => Node::Null,
            Content::Bool(yes) => Node::Bool(*yes),
            Content::Number(number) => Node::Number(*number),
            Content::List(_) | Content::Map(_) => {
                self.add(yaml.line, format!("{what} must be an expression, written as a text"));
                Node::Null
            }
        };
        Located { line: yaml.line, expression: Expression::from_node(node) }
    }

    fn source(&mut self, line: u64, source: &str, what: &str) -> Located {
        let expression = Expression::parse(source).unwrap_or_else(|error| {
            self.add(line, format!("{what}: bad expression: {error}"));
            Expression::from_node(Node::Null)
        });
        Located { line, expression }
    }

    /// Keys and expressions.
    pub(super) fn data(&mut self, yaml: &Yaml, what: &str) -> Data {
        let members = self.map(yaml, what);
        let member = |(key, member): (&Key, &Yaml)| {
            (key.text.clone(), self.expression(member, &format!("{what}.{}", key.text)))
        };
        members.into_iter().map(member).collect()
    }

    /// JSON in which texts may be expressions.
    pub(super) fn template(&mut self, yaml: &Yaml, what: &str) -> Template {
        Template::from_content(&yaml.content, &mut |source| {
            self.source(yaml.line, source, what).expression
        })
    }

    /// A text that may be an expression.
    pub(super) fn text_template(&mut self, yaml: &Yaml, what: &str) -> Template {
        if !matches!(yaml.content, Content::Text(_)) {
            self.add(yaml.line, format!("{what} must be a text"));
        }
        self.template(yaml, what)
    }
}

impl Template {
    fn from_content(content: &Content, parse: &mut impl FnMut(&str) -> Expression) -> Self {
        match content {
            Content::Null => Self::Plain(Value::Null),
            Content::Bool(yes) => Self::Plain(Value::Bool(*yes)),
            Content::Number(number) => Self::Plain(Value::Number(*number)),
            Content::Text(text) if Self::is_expression(text) => Self::Expression(parse(text)),
            Content::Text(text) => Self::Plain(Value::Text(text.clone())),
            Content::List(items) => Self::List(
                items.iter().map(|item| Self::from_content(&item.content, parse)).collect(),
            ),
            Content::Map(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, item)| (key.text.clone(), Self::from_content(&item.content, parse)))
                    .collect(),
            ),
        }
    }
}

/// The keys of one map that are still to be taken.
pub(super) struct Fields<'y> {
    what: String,
    line: u64,
    left: Vec<(&'y Key, &'y Yaml)>,
}

impl<'y> Fields<'y> {
    pub(super) fn new(notes: &mut Notes, yaml: &'y Yaml, line: u64, what: &str) -> Self {
        Self { what: what.to_owned(), line, left: notes.map(yaml, what) }
    }

    /// Takes a key that may be missing.
    pub(super) fn optional(&mut self, key: &str) -> Option<&'y Yaml> {
        let at = self.left.iter().position(|(found, _)| found.text == key)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Takes a key that must be there.
    pub(super) fn required(&mut self, notes: &mut Notes, key: &str) -> Option<&'y Yaml> {
        let found = self.optional(key);
        if found.is_none() {
            notes.add(self.line, format!("{}: missing key `{key}`", self.what));
        }
        found
    }

    /// Notes the keys that nobody took.
    pub(super) fn finish(self, notes: &mut Notes) {
        for (key, _) in self.left {
            notes.add(key.line, format!("{}: unknown key `{}`", self.what, key.text));
        }
    }
}
