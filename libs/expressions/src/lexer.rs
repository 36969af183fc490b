//! Cuts a source into tokens, one at a time.
//!
//! The text between backticks is not made of tokens: the parser asks for it with
//! [`Lexer::template_text`] once it has met the first backtick.

use crate::error::ParseError;

/// A piece of source that means something by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    End,
    Number(f64),
    Text(String),
    Name(String),
    Backtick,
    /// An operator or a bracket.
    Symbol(&'static str),
}

/// How a stretch of text between backticks ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextEnd {
    /// With the closing backtick.
    Backtick,
    /// With `${`.
    Interpolation,
}

/// Longest first, so that `<=` is not taken for `<`.
const SYMBOLS: [&str; 32] = [
    "===", "!==", "&&", "||", "??", "?.", "==", "!=", "<=", ">=", "=>", "++", "--", "<", ">", "+",
    "-", "*", "/", "%", "!", "?", ":", ",", ".", "(", ")", "[", "]", "{", "}", "@",
];

/// Reads tokens off a source.
pub(crate) struct Lexer<'s> {
    source: &'s str,
    position: usize,
}

impl<'s> Lexer<'s> {
    pub(crate) const fn new(source: &'s str) -> Self {
        Self { source, position: 0 }
    }

    /// An error at the byte `position`.
    pub(crate) fn error(&self, position: usize, reason: impl Into<String>) -> ParseError {
        let column = self.source[..position].chars().count() + 1;
        ParseError { column, reason: reason.into() }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    /// Takes characters as long as `wanted` says.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    /// The next token, and the byte at which it begins.
    pub(crate) fn next(&mut self) -> Result<(Token, usize), ParseError> {
        self.take_while(char::is_whitespace);
        let start = self.position;
        let token = match self.peek() {
            None => Token::End,
            Some('`') => {
                self.bump();
                Token::Backtick
            }
            Some(quote @ ('"' | '\'')) => {
                self.bump();
                self.quoted(quote, start)?
            }
            Some(c) if c.is_ascii_digit() => self.number(start)?,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                Token::Name(self.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_owned())
            }
            Some(_) => self.symbol(start)?,
        };
        Ok((token, start))
    }

    fn symbol(&mut self, start: usize) -> Result<Token, ParseError> {
        let rest = self.rest();
        let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
        let symbol = symbol.ok_or_else(|| self.error(start, "unexpected character"))?;
        // `a ?.5 : 1` is a choice, not an optional member.
        let is_choice = symbol == "?." && rest[2..].starts_with(|c: char| c.is_ascii_digit());
        let symbol = if is_choice { "?" } else { symbol };
        self.position += symbol.len();
        match symbol {
            "===" => Err(self.error(start, "write `==`, which is strict")),
            "!==" => Err(self.error(start, "write `!=`, which is strict")),
            "=>" | "++" | "--" => Err(self.error(start, format!("`{symbol}` is no operator here"))),
            _ => Ok(Token::Symbol(symbol)),
        }
    }

    fn number(&mut self, start: usize) -> Result<Token, ParseError> {
        self.take_while(|c| c.is_ascii_digit());
        let fraction = self.rest().strip_prefix('.').is_some_and(starts_with_digit);
        if fraction {
            self.bump();
            self.take_while(|c| c.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            self.bump();
            if self.rest().starts_with(['+', '-']) {
                self.bump();
            }
            self.take_while(|c| c.is_ascii_digit());
        }
        let number = self.source[start..self.position].parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite());
        match self.peek() {
            Some(c) if c.is_ascii_alphanumeric() || c == '_' => None,
            _ => number,
        }
        .map(Token::Number)
        .ok_or_else(|| self.error(start, "not a number"))
    }

    fn quoted(&mut self, quote: char, start: usize) -> Result<Token, ParseError> {
        let mut text = String::new();
        loop {
            match self.bump() {
                None | Some('\n') => return Err(self.error(start, "the string is not closed")),
                Some('\\') => text.push(self.escape()?),
                Some(c) if c == quote => return Ok(Token::Text(text)),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.position - 1;
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('\\' | '"' | '\'' | '`' | '$')) => Ok(c),
            _ => Err(self.error(start, "unknown escape")),
        }
    }

    /// The text up to the closing backtick or the next `${`.
    pub(crate) fn template_text(&mut self) -> Result<(String, TextEnd), ParseError> {
        let start = self.position;
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.error(start, "the string in backticks is not closed")),
                Some('`') => return Ok((text, TextEnd::Backtick)),
                Some('$') if self.peek() == Some('{') => {
                    self.bump();
                    return Ok((text, TextEnd::Interpolation));
                }
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }
}

/// Whether `text` is a name by itself.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}
