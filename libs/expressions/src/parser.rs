//! Builds the tree: precedence climbing over the tokens, never deeper than [`MAX_DEPTH`].

mod compound;

use crate::ast::{Binary, Node};
use crate::error::ParseError;
use crate::lexer::{Lexer, Token};

/// How deep a tree may be. The parser and every walk of the tree recurse no deeper.
pub(crate) const MAX_DEPTH: usize = 64;

/// A node, and the depth of the tree below it.
type Deep = (Node, usize);

/// Parses all of `source`.
pub(crate) fn parse(source: &str) -> Result<Node, ParseError> {
    let mut lexer = Lexer::new(source);
    let next = lexer.next()?;
    let mut parser = Parser { lexer, next, nesting: 0 };
    let (node, _) = parser.expression()?;
    match parser.next.0 {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    /// The token to be looked at, and where it begins.
    next: (Token, usize),
    /// How many calls of [`Parser::expression`] and [`Parser::unary`] are open.
    nesting: usize,
}

impl Parser<'_> {
    fn error(&self, reason: impl Into<String>) -> ParseError {
        self.lexer.error(self.next.1, reason)
    }

    fn checked(&self, start: usize, fault: Option<String>) -> Result<(), ParseError> {
        fault.map_or(Ok(()), |reason| Err(self.lexer.error(start, reason)))
    }

    fn unexpected(&self, wanted: &str) -> ParseError {
        let found = match &self.next.0 {
            Token::End => "the end".to_owned(),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Number(_) => "a number".to_owned(),
            Token::Text(_) | Token::Backtick => "a string".to_owned(),
        };
        self.error(format!("expected {wanted}, found {found}"))
    }

    fn advance(&mut self) -> Result<Token, ParseError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next).0)
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.next.0, Token::Symbol(found) if found == symbol)
    }

    /// Takes `symbol` if it comes next.
    fn accept(&mut self, symbol: &str) -> Result<bool, ParseError> {
        let found = self.is_symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ParseError> {
        if self.accept(symbol)? { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn expect_name(&mut self) -> Result<String, ParseError> {
        match &self.next.0 {
            Token::Name(name) => {
                let name = name.clone();
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// Puts a node above others of at most `below` depth.
    fn above(&self, below: usize, node: Node) -> Result<Deep, ParseError> {
        if below < MAX_DEPTH { Ok((node, below + 1)) } else { Err(self.too_deep()) }
    }

    fn too_deep(&self) -> ParseError {
        self.error(format!("nested deeper than {MAX_DEPTH}"))
    }

    /// Runs `parse` one level further down.
    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Deep, ParseError>,
    ) -> Result<Deep, ParseError> {
        if self.nesting >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    fn expression(&mut self) -> Result<Deep, ParseError> {
        self.nested(|parser| {
            let (condition, depth) = parser.binary(0)?;
            if !parser.accept("?")? {
                return Ok((condition, depth));
            }
            let (yes, yes_depth) = parser.expression()?;
            parser.expect(":")?;
            let (no, no_depth) = parser.expression()?;
            let choice = Node::Choice {
                condition: Box::new(condition),
                yes: Box::new(yes),
                no: Box::new(no),
            };
            parser.above(depth.max(yes_depth).max(no_depth), choice)
        })
    }

    /// Operands and the operators between them that bind tighter than `floor`.
    fn binary(&mut self, floor: u8) -> Result<Deep, ParseError> {
        let (mut left, mut depth) = self.unary()?;
        loop {
            let operator = match self.next.0 {
                Token::Symbol(symbol) => Binary::parse(symbol),
                _ => None,
            };
            let Some(operator) = operator.filter(|operator| operator.precedence() > floor) else {
                return Ok((left, depth));
            };
            self.advance()?;
            let (right, right_depth) = self.binary(operator.precedence())?;
            let node = Node::Binary { operator, left: Box::new(left), right: Box::new(right) };
            (left, depth) = self.above(depth.max(right_depth), node)?;
        }
    }

    fn unary(&mut self) -> Result<Deep, ParseError> {
        let make = if self.is_symbol("!") {
            Node::Not
        } else if self.is_symbol("-") {
            Node::Negate
        } else {
            return self.postfix();
        };
        self.advance()?;
        let (operand, depth) = self.nested(Self::unary)?;
        self.above(depth, make(Box::new(operand)))
    }

    fn postfix(&mut self) -> Result<Deep, ParseError> {
        let (mut node, mut depth) = self.primary()?;
        loop {
            let is_optional = self.is_symbol("?.");
            if is_optional || self.is_symbol(".") {
                self.advance()?;
                if !(is_optional && self.is_symbol("[")) {
                    let start = self.next.1;
                    let key = self.expect_name()?;
                    self.checked(start, node.unknown_member(&key))?;
                    let member = Node::Member { base: Box::new(node), key, is_optional };
                    (node, depth) = self.above(depth, member)?;
                    continue;
                }
            } else if !self.is_symbol("[") {
                return Ok((node, depth));
            }
            self.expect("[")?;
            let start = self.next.1;
            let (index, index_depth) = self.expression()?;
            self.expect("]")?;
            if let Node::Text(key) = &index {
                self.checked(start, node.unknown_member(key))?;
            }
            let base = Box::new(node);
            let member = match index {
                Node::Text(key) => Node::Member { base, key, is_optional },
                index => Node::Index { base, index: Box::new(index), is_optional },
            };
            (node, depth) = self.above(depth.max(index_depth), member)?;
        }
    }

    fn primary(&mut self) -> Result<Deep, ParseError> {
        let node = match &self.next.0 {
            Token::Number(number) => Node::Number(*number),
            Token::Text(text) => Node::Text(text.clone()),
            Token::Name(name) => match name.as_str() {
                "null" => Node::Null,
                "true" => Node::Bool(true),
                "false" => Node::Bool(false),
                name => Node::Variable(name.to_owned()),
            },
            Token::Backtick => return self.template(),
            Token::Symbol("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Symbol("[") => {
                self.advance()?;
                let (items, depth) = self.list_until("]")?;
                return self.above(depth, Node::List(items));
            }
            Token::Symbol("{") => return self.object(),
            Token::Symbol("@") => return self.call(),
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        self.above(0, node)
    }
}
