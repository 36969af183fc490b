//! Values that are made of others: arrays, objects, calls and strings in backticks.

use super::{Deep, Parser};
use crate::ast::{Node, Part};
use crate::error::ParseError;
use crate::function::Function;
use crate::lexer::{TextEnd, Token};

impl Parser<'_> {
    /// Expressions between commas, and the closing bracket.
    pub(super) fn list_until(&mut self, close: &str) -> Result<(Vec<Node>, usize), ParseError> {
        let (mut items, mut depth) = (Vec::new(), 0);
        while !self.accept(close)? {
            if !items.is_empty() {
                self.expect(",")?;
            }
            let (item, item_depth) = self.expression()?;
            items.push(item);
            depth = depth.max(item_depth);
        }
        Ok((items, depth))
    }

    pub(super) fn object(&mut self) -> Result<Deep, ParseError> {
        self.expect("{")?;
        let (mut members, mut depth) = (Vec::<(String, Node)>::new(), 0);
        while !self.accept("}")? {
            if !members.is_empty() {
                self.expect(",")?;
            }
            let key = match &self.next.0 {
                Token::Name(key) | Token::Text(key) => key.clone(),
                _ => return Err(self.unexpected("a key")),
            };
            if members.iter().any(|(other, _)| *other == key) {
                return Err(self.error(format!("the key `{key}` stands twice")));
            }
            self.advance()?;
            self.expect(":")?;
            let (member, member_depth) = self.expression()?;
            members.push((key, member));
            depth = depth.max(member_depth);
        }
        self.above(depth, Node::Object(members))
    }

    /// `@namespace.name(arguments)`, known and with as many arguments as it takes. Without arguments, a
    /// question needs no parentheses: `@policy.isUserAuthenticated`.
    pub(super) fn call(&mut self) -> Result<Deep, ParseError> {
        let start = self.next.1;
        self.expect("@")?;
        let namespace = self.expect_name()?;
        if !Function::has_namespace(&namespace) {
            return Err(self.lexer.error(start, format!("unknown namespace `@{namespace}`")));
        }
        self.expect(".")?;
        let name = self.expect_name()?;
        let function = Function::parse(&namespace, &name).ok_or_else(|| {
            self.lexer.error(start, format!("unknown function `@{namespace}.{name}`"))
        })?;
        if function == Function::IsUserAuthenticated && !self.is_symbol("(") {
            return self.above(0, Node::Call { function, arguments: Vec::new() });
        }
        self.expect("(")?;
        let (arguments, depth) = self.list_until(")")?;
        if !function.arity().contains(&arguments.len()) {
            let reason = format!("wrong number of arguments for `@{namespace}.{name}`");
            return Err(self.lexer.error(start, reason));
        }
        self.above(depth, Node::Call { function, arguments })
    }

    pub(super) fn template(&mut self) -> Result<Deep, ParseError> {
        let (mut parts, mut depth) = (Vec::new(), 0);
        loop {
            // The token that was looked at is the backtick or the `}` before this text, so that
            // the lexer stands at the text.
            let (text, end) = self.lexer.template_text()?;
            if !text.is_empty() {
                parts.push(Part::Text(text));
            }
            self.next = self.lexer.next()?;
            if end == TextEnd::Backtick {
                return self.above(depth, Node::Template(parts));
            }
            let (node, node_depth) = self.expression()?;
            parts.push(Part::Node(node));
            depth = depth.max(node_depth);
            if !self.is_symbol("}") {
                return Err(self.unexpected("`}`"));
            }
        }
    }
}
