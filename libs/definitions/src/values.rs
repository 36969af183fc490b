//! Reads names, expressions and data off the YAML tree, and notes what is wrong with them.

use expressions::{Expression, Value};
use serde_json::Value as Json;
use yaml::{Content, Key, Node, Notes};

use crate::step::{Data, Located};
use crate::template::Template;

/// A name that expressions can read.
pub(crate) fn name<'n>(notes: &mut Notes, yaml: &'n Node, what: &str) -> Option<&'n str> {
    let text = notes.text(yaml, what)?;
    check_name(notes, yaml.line, text, what).then_some(text)
}

/// Notes it if `text` is no name that expressions can read.
pub(crate) fn check_name(notes: &mut Notes, line: u64, text: &str, what: &str) -> bool {
    let is_name = text.len() <= 64
        && expressions::is_name(text)
        && !["null", "true", "false"].contains(&text);
    if !is_name {
        let rule = "must be at most 64 letters, digits or `_`, and not begin with a digit";
        notes.add(line, format!("{what} {rule}"));
    }
    is_name
}

/// An expression. A bad one is noted, and null stands for it, so that the rest of the file can
/// still be checked.
pub(crate) fn expression(notes: &mut Notes, yaml: &Node, what: &str) -> Located {
    let expression = match &yaml.content {
        Content::Text(source) => return self::source(notes, yaml.line, source, what),
        Content::Null => Expression::null(),
        Content::Bool(yes) => Expression::from_bool(*yes),
        Content::Integer(number) => Expression::from_number(to_double(*number)),
        Content::Number(number) => Expression::from_number(*number),
        Content::List(_) | Content::Map(_) => {
            notes.add(yaml.line, format!("{what} must be an expression, written as a text"));
            Expression::null()
        }
    };
    Located { line: yaml.line, expression }
}

fn source(notes: &mut Notes, line: u64, source: &str, what: &str) -> Located {
    let expression = Expression::parse(source).unwrap_or_else(|error| {
        notes.add(line, format!("{what}: bad expression: {error}"));
        Expression::null()
    });
    Located { line, expression }
}

/// Keys and expressions.
pub(crate) fn data(notes: &mut Notes, yaml: &Node, what: &str) -> Data {
    let members = notes.map(yaml, what);
    let member = |(key, member): (&Key, &Node)| {
        (key.text.clone(), expression(notes, member, &format!("{what}.{}", key.text)))
    };
    members.into_iter().map(member).collect()
}

/// JSON in which texts may be expressions.
pub(crate) fn template(notes: &mut Notes, yaml: &Node, what: &str) -> Template {
    Template::from_content(&yaml.content, &mut |source| {
        self::source(notes, yaml.line, source, what).expression
    })
}

/// A text that may be an expression.
pub(crate) fn text_template(notes: &mut Notes, yaml: &Node, what: &str) -> Template {
    if !matches!(yaml.content, Content::Text(_)) {
        notes.add(yaml.line, format!("{what} must be a text"));
    }
    template(notes, yaml, what)
}

impl Template {
    fn from_content(content: &Content, parse: &mut impl FnMut(&str) -> Expression) -> Self {
        match content {
            Content::Null => Self::Plain(Value::Null),
            Content::Bool(yes) => Self::Plain(Value::Bool(*yes)),
            Content::Integer(number) => Self::Plain(Value::Number(to_double(*number))),
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

/// A node as JSON; of a key that stands twice, the last.
pub(crate) fn to_json(node: &Node) -> Json {
    match &node.content {
        Content::Null => Json::Null,
        Content::Bool(yes) => Json::Bool(*yes),
        Content::Integer(number) => Value::Number(to_double(*number)).to_json(),
        Content::Number(number) => Value::Number(*number).to_json(),
        Content::Text(text) => Json::String(text.clone()),
        Content::List(items) => items.iter().map(to_json).collect(),
        Content::Map(members) => {
            members.iter().map(|(key, member)| (key.text.clone(), to_json(member))).collect()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "journeys compute with doubles, as JSON does")]
const fn to_double(number: u64) -> f64 {
    number as f64
}
