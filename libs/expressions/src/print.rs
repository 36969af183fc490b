//! Writes an expression as a source that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::Expression;
use crate::ast::{Node, Part};
use crate::lexer::is_name;

/// How tightly a unary operator, a member access and a single value bind: above every binary operator.
const UNARY: u8 = 8;
const POSTFIX: u8 = 9;

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Bound(&self.root, 0).fmt(f)
    }
}

/// A node where only what binds tighter than the number stands without parentheses.
struct Bound<'n>(&'n Node, u8);

impl Node {
    fn precedence(&self) -> u8 {
        match self {
            Self::Choice { .. } => 0,
            Self::Binary { operator, .. } => operator.precedence(),
            Self::Not(_) | Self::Negate(_) => UNARY,
            _ => POSTFIX,
        }
    }
}

impl Display for Bound<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(node, floor) = *self;
        if node.precedence() < floor { write!(f, "({})", Bound(node, 0)) } else { plain(node, f) }
    }
}

fn plain(node: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    match node {
        Node::Null => f.write_str("null"),
        Node::Bool(yes) => write!(f, "{yes}"),
        Node::Number(number) => write!(f, "{number}"),
        Node::Text(text) => quoted(text, f),
        Node::Template(parts) => template(parts, f),
        Node::List(items) => {
            f.write_char('[')?;
            list(items, f)?;
            f.write_char(']')
        }
        Node::Object(members) => {
            f.write_char('{')?;
            for (at, (key, member)) in members.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { ", " })?;
                if is_name(key) { f.write_str(key) } else { quoted(key, f) }?;
                write!(f, ": {}", Bound(member, 0))?;
            }
            f.write_char('}')
        }
        Node::Variable(name) => f.write_str(name),
        Node::Member { base, key, is_optional } => {
            Bound(base, POSTFIX).fmt(f)?;
            match (is_name(key), is_optional) {
                (true, false) => write!(f, ".{key}"),
                (true, true) => write!(f, "?.{key}"),
                (false, _) => {
                    f.write_str(if *is_optional { "?.[" } else { "[" })?;
                    quoted(key, f)?;
                    f.write_char(']')
                }
            }
        }
        Node::Index { base, index, is_optional } => {
            let open = if *is_optional { "?.[" } else { "[" };
            write!(f, "{}{open}{}]", Bound(base, POSTFIX), Bound(index, 0))
        }
        Node::Not(operand) => write!(f, "!{}", Bound(operand, UNARY)),
        // Two minus signs in a row are no operator.
        Node::Negate(operand) => write!(f, "-{}", Bound(operand, POSTFIX)),
        Node::Binary { operator, left, right } => {
            let floor = operator.precedence();
            write!(f, "{} {} {}", Bound(left, floor), operator.symbol(), Bound(right, floor + 1))
        }
        Node::Choice { condition, yes, no } => {
            write!(f, "{} ? {} : {}", Bound(condition, 1), Bound(yes, 0), Bound(no, 0))
        }
        Node::Call { function, arguments } => {
            let (namespace, name) = function.name();
            write!(f, "@{namespace}.{name}(")?;
            list(arguments, f)?;
            f.write_char(')')
        }
    }
}

fn list(items: &[Node], f: &mut Formatter<'_>) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(at, item)| {
        write!(f, "{}{}", if at == 0 { "" } else { ", " }, Bound(item, 0))
    })
}

fn template(parts: &[Part], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('`')?;
    for part in parts {
        match part {
            Part::Text(text) => escaped(text, &['`', '$'], f)?,
            Part::Node(node) => write!(f, "${{{}}}", Bound(node, 0))?,
        }
    }
    f.write_char('`')
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    escaped(text, &['"'], f)?;
    f.write_char('"')
}

fn escaped(text: &str, special: &[char], f: &mut Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        c if c == '\\' || special.contains(&c) => write!(f, "\\{c}"),
        c => f.write_char(c),
    })
}
