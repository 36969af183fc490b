//! A YAML file as a tree in which every node knows its line, read within a budget.
//!
//! Keys that stand twice are kept, so that whoever reads the tree can report all of them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_saphyr::options::{AliasLimits, DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Budget, Options, Spanned};

use crate::expression::value::Value;

/// The largest file, in bytes.
pub(crate) const MAX_SOURCE: usize = 64 * 1024;

/// A node and the line on which it begins.
#[derive(Debug)]
pub(crate) struct Yaml {
    pub(crate) line: u64,
    pub(crate) content: Content,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(Key, Yaml)>),
}

/// A key and the line on which it stands.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) line: u64,
    pub(crate) text: String,
}

impl Yaml {
    /// Parses `source`; the error is a line, where there is one, and a reason.
    pub(crate) fn parse(source: &str) -> Result<Self, (Option<u64>, String)> {
        if source.len() > MAX_SOURCE {
            return Err((None, format!("a journey has at most {MAX_SOURCE} bytes")));
        }
        serde_saphyr::from_str_with_options(source, options()).map_err(|error| {
            let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
            let text = error.without_snippet().to_string();
            let reason = text.lines().next().unwrap_or("not yaml").trim().to_owned();
            (line, reason)
        })
    }
}

impl Yaml {
    /// The node as JSON; of a key that stands twice, the last.
    pub(crate) fn to_json(&self) -> Json {
        match &self.content {
            Content::Null => Json::Null,
            Content::Bool(yes) => Json::Bool(*yes),
            Content::Number(number) => Value::Number(*number).to_json(),
            Content::Text(text) => Json::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(members) => {
                members.iter().map(|(key, member)| (key.text.clone(), member.to_json())).collect()
            }
        }
    }
}

/// Anchors may be used sparingly; merge keys not at all.
fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_depth = 24;
    budget.flow_nesting_limit = 24;
    budget.max_nodes = 10_000;
    budget.max_events = 40_000;
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
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.merge_keys = MergeKeyPolicy::Error;
    options.strict_booleans = true;
    options.with_snippet = false;
    options
}

impl<'de> Deserialize<'de> for Yaml {
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

    #[expect(clippy::cast_precision_loss, reason = "journeys compute with doubles, as JSON does")]
    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "journeys compute with doubles, as JSON does")]
    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Number(number as f64))
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

    #[test]
    fn every_node_and_key_knows_its_line() {
        let yaml = Yaml::parse("a: 1\non:\n  true: x\n  false:\n    - y\n").expect("yaml");
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
        let (line, reason) = Yaml::parse("id: x\nsteps: [\n").expect_err("not closed");
        assert!(line.is_some(), "{reason}");
        assert!(Yaml::parse("").is_ok_and(|yaml| matches!(yaml.content, Content::Null)));
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
        let flow = format!("[{}]", "x,".repeat(30_000));
        for bomb in [aliases, deep, indented.concat(), merge, many, flow] {
            let started = Instant::now();
            assert!(Yaml::parse(&bomb).is_err(), "{}", &bomb[..20]);
            assert!(started.elapsed() < Duration::from_secs(2), "{}", &bomb[..20]);
        }
    }
}
