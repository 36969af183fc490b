//! The tree: every node and every key has its line. It is parsed within a budget.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Budget, Options, Spanned};

use crate::problem::Problem;

/// A node and the line on which it begins. Has no `Debug`: it may hold a user's identifiers.
pub struct Node {
    /// The line, counted from 1.
    pub line: u64,
    /// The value.
    pub content: Content,
}

/// A value, as in JSON. Has no `Debug`: it may hold a user's identifiers.
pub enum Content {
    /// Nothing.
    Null,
    /// `true` or `false`; no other spelling.
    Bool(bool),
    /// A whole number that is not negative.
    Integer(u64),
    /// Any other number; it is finite.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file. Duplicate keys are kept.
    Map(Vec<(Key, Node)>),
}

/// A key and the line on which it stands. Has no `Debug`, as nodes have none.
pub struct Key {
    /// The line, counted from 1.
    pub line: u64,
    /// The key.
    pub text: String,
}

/// The limits on a file. The limit for aliases is fixed and small.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum nesting depth of lists and maps.
    pub depth: usize,
    /// The maximum number of nodes.
    pub nodes: usize,
}

impl Node {
    /// Parses `source`. Problems name it `file`.
    ///
    /// # Errors
    /// The first syntax error, or the limit that was exceeded.
    pub fn parse(file: &str, source: &str, limits: Limits) -> Result<Self, Problem> {
        serde_saphyr::from_str_with_options(source, options(limits)).map_err(|error| {
            let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
            // A snippet would quote the file's content.
            let text = error.without_snippet().to_string();
            let reason = text.lines().next().unwrap_or("not yaml").trim().to_owned();
            Problem { file: file.to_owned(), line, reason }
        })
    }
}

/// No merge keys and few aliases: a file should be explicit.
fn options(limits: Limits) -> Options {
    let mut budget = Budget::default();
    budget.max_depth = limits.depth;
    budget.flow_nesting_limit = limits.depth;
    budget.max_nodes = limits.nodes;
    // Lists and maps have an end event besides their start event, and so do the document and the
    // stream.
    budget.max_events = limits.nodes.saturating_mul(4);
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
    // Duplicate keys are kept, so that they are reported with all other mistakes.
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
        f.write_str("yaml that json can say")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Content, E> {
        Ok(Content::Bool(yes))
    }

    #[expect(clippy::cast_precision_loss, reason = "below zero, numbers are doubles, as in JSON")]
    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(u64::try_from(number).map_or(Content::Number(number as f64), Content::Integer))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Integer(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Content, E> {
        if number.is_finite() {
            Ok(Content::Number(number))
        } else {
            Err(E::custom("not a number"))
        }
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

    const LIMITS: Limits = Limits { depth: 24, nodes: 200_000 };

    fn parse(source: &str) -> Result<Node, Problem> {
        Node::parse("f.yaml", source, LIMITS)
    }

    #[test]
    fn every_node_and_key_knows_its_line() {
        let yaml = parse("a: 1\non:\n  true: x\n  false:\n    - y\n").expect("yaml");
        let Content::Map(members) = yaml.content else { panic!("no map") };
        assert_eq!((members[0].0.line, members[0].1.line), (1, 1));
        assert_eq!((members[1].0.text.as_str(), members[1].0.line), ("on", 2));
        let Content::Map(branches) = &members[1].1.content else { panic!("no map") };
        assert_eq!((branches[0].0.text.as_str(), branches[0].0.line), ("true", 3));
        let Content::List(items) = &branches[1].1.content else { panic!("no list") };
        assert_eq!(items[0].line, 5);
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let problem = parse("id: x\nsteps: [\n").err().expect("not closed");
        assert!(problem.line.is_some(), "{problem}");
        assert!(parse("").is_ok_and(|yaml| matches!(yaml.content, Content::Null)));
    }

    #[test]
    fn a_number_is_whole_or_finite() {
        let is = |source: &str, expected: fn(&Content) -> bool| {
            assert!(parse(source).is_ok_and(|node| expected(&node.content)), "{source}");
        };
        is("18446744073709551615", |content| matches!(content, Content::Integer(u64::MAX)));
        is("3.0", |content| matches!(content, Content::Number(3.0)));
        is("-2", |content| matches!(content, Content::Number(-2.0)));
        is("yes", |content| matches!(content, Content::Text(_)));
        assert!(parse(".inf").is_err());
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in ('b'..='z').zip('a'..) {
            writeln!(aliases, "{name}: &{name} [{}]", format!("*{of},").repeat(9)).expect("text");
        }
        let deep = "[".repeat(10_000);
        let indented: Vec<_> = (0..300).map(|depth| " ".repeat(depth) + "a:\n").collect();
        let merge = "a: &a {x: 1}\nb: {<<: *a}\n".to_owned();
        let many = "- x\n".repeat(1_000_000);
        let flow = format!("[{}]", "x,".repeat(300_000));
        let two = "a: 1\n---\na: 2\n".to_owned();
        for bomb in [aliases, deep, indented.concat(), merge, many, flow, two] {
            let started = Instant::now();
            assert!(parse(&bomb).is_err(), "{}", &bomb[..12]);
            assert!(started.elapsed() < Duration::from_secs(5), "{}", &bomb[..12]);
        }
    }
}
