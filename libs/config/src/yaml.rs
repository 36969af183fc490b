//! A YAML file as a tree in which every node knows its line, read within a budget.
//!
//! # Why
//! A derived struct would stop at the first mistake; whoever walks the tree can report them all.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Budget, Options, Spanned};

/// The largest file, in bytes.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A node and the line on which it begins. Has no `Debug`: it may hold a user's identifiers.
pub(crate) struct Node {
    pub(crate) line: u64,
    pub(crate) content: Content,
}

/// What a node is.
pub(crate) enum Content {
    Text(String),
    Integer(u64),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// Null, a truth value, another number: nothing that a configuration needs.
    Other,
}

/// A key and the line on which it stands.
pub(crate) struct Key {
    pub(crate) line: u64,
    pub(crate) text: String,
}

impl Node {
    /// Parses `source`; the error is a line, where there is one, and a reason.
    pub(crate) fn parse(source: &str) -> Result<Self, (Option<u64>, String)> {
        serde_saphyr::from_str_with_options(source, options()).map_err(|error| {
            let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
            let text = error.without_snippet().to_string();
            (line, text.lines().next().unwrap_or("not yaml").trim().to_owned())
        })
    }
}

/// No merge keys, and hardly an alias: a configuration says what it means.
fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = 16;
    budget.flow_nesting_limit = 16;
    budget.max_nodes = 200_000;
    budget.max_events = 800_000;
    budget.max_aliases = 100;
    budget.max_anchors = 100;
    budget.max_documents = 1;
    let mut alias_limits = AliasLimits::default();
    alias_limits.max_total_replayed_events = 2_000;
    alias_limits.max_replay_stack_depth = 8;
    alias_limits.max_alias_expansions_per_anchor = 100;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits = alias_limits;
    // A key that stands twice is kept, so that it is reported beside all other mistakes.
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.merge_keys = MergeKeyPolicy::Error;
    options.strict_booleans = true;
    options.with_snippet = false;
    options
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(u64::try_from(number).map_or(Content::Other, Content::Integer))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Integer(number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let key = Key { line: key.referenced.line(), text: key.value };
            members.push((key, map.next_value()?));
        }
        Ok(Content::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn every_node_and_key_knows_its_line() {
        let Ok(Node { content: Content::Map(members), .. }) = Node::parse("a: 1\nb:\n  - x\n")
        else {
            panic!("no map")
        };
        assert_eq!((members[0].0.line, members[0].1.line), (1, 1));
        assert_eq!(members[1].0.line, 2);
        let Content::List(items) = &members[1].1.content else { panic!("no list") };
        assert_eq!(items[0].line, 3);
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in ('b'..='z').zip('a'..) {
            writeln!(aliases, "{name}: &{name} [{}]", format!("*{of},").repeat(9)).expect("text");
        }
        let deep = "[".repeat(10_000);
        let merge = "a: &a {x: 1}\nb: {<<: *a}\n".to_owned();
        let many = "- x\n".repeat(1_000_000);
        let two = "a: 1\n---\na: 2\n".to_owned();
        for bomb in [aliases, deep, merge, many, two] {
            let started = Instant::now();
            assert!(Node::parse(&bomb).is_err(), "{}", &bomb[..12]);
            assert!(started.elapsed() < Duration::from_secs(5), "{}", &bomb[..12]);
        }
    }
}
