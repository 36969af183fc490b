//! Paths: what an expression reads, known before it runs.

use std::fmt;

use crate::Expression;
use crate::ast::{Binary, Node};
use crate::function::Function;

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `@policy.request()`.
    Request,
    /// A variable.
    Variable(String),
}

/// A root, and the keys that lead down from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The keys, from the root down.
    pub keys: Vec<String>,
}

impl Path {
    /// The path that `node` is, if it is one.
    pub(crate) fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Variable(name) => {
                Some(Self { root: Root::Variable(name.clone()), keys: Vec::new() })
            }
            Node::Call { function: Function::Request, arguments: _ } => {
                Some(Self { root: Root::Request, keys: Vec::new() })
            }
            Node::Member { base, key, is_optional: _ } => {
                let mut path = Self::from_node(base)?;
                path.keys.push(key.clone());
                Some(path)
            }
            _ => None,
        }
    }

    /// Whether one of the two paths leads through the other.
    pub fn meets(&self, other: &Self) -> bool {
        self.root == other.root && self.keys.iter().zip(&other.keys).all(|(a, b)| a == b)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Request => f.write_str("@policy.request()")?,
            Root::Variable(name) => f.write_str(name)?,
        }
        self.keys.iter().try_for_each(|key| write!(f, ".{key}"))
    }
}

/// How an expression uses the value of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Compares it with null.
    Presence,
    /// Compares it with a quoted string.
    Comparison(String),
    /// Anything else.
    Whole,
}

/// One read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The path.
    pub path: Path,
    /// The use of its value.
    pub usage: Usage,
}

/// All reads of an expression.
pub(crate) fn reads(node: &Node) -> Vec<Read> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Node, found: &mut Vec<Read>) {
    if let Some(path) = Path::from_node(node) {
        found.push(Read { path, usage: Usage::Whole });
    } else if let Some(read) = comparison(node) {
        found.push(read);
    } else {
        // An index that is computed may be any: its base is read as a whole.
        node.children().into_iter().for_each(|child| collect(child, found));
    }
}

/// Replaces every path for which `change` has something else.
pub(crate) fn rewrite(node: &mut Node, change: &mut dyn FnMut(&Path) -> Option<Expression>) {
    match Path::from_node(node) {
        Some(path) => {
            if let Some(other) = change(&path) {
                *node = other.root;
            }
        }
        None => node.children_mut().into_iter().for_each(|child| rewrite(child, change)),
    }
}

/// The read of a comparison of a path with a literal, on either side.
fn comparison(node: &Node) -> Option<Read> {
    let Node::Binary { operator: Binary::Equal | Binary::NotEqual, left, right } = node else {
        return None;
    };
    let usage = |literal: &Node| match literal {
        Node::Null => Some(Usage::Presence),
        Node::Text(text) => Some(Usage::Comparison(text.clone())),
        _ => None,
    };
    let read = |path: &Node, literal: &Node| {
        Some(Read { path: Path::from_node(path)?, usage: usage(literal)? })
    };
    read(left, right).or_else(|| read(right, left))
}

/// Whether an expression calls `function`.
pub(crate) fn calls(node: &Node, function: Function) -> bool {
    matches!(node, Node::Call { function: called, .. } if *called == function)
        || node.children().into_iter().any(|child| calls(child, function))
}
