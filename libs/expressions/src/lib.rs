//! Expressions: parsed once when a journey is loaded, evaluated without loops and side effects.
//!
//! ```text
//! text --lexer--> tokens --parser--> ast --evaluate--> Value     function, member, operators
//!                                     \-----path--> what an expression reads, before it runs
//! ```
//!
//! Every cost is bounded: the source by [`Expression::MAX_SOURCE`], the tree by
//! `parser::MAX_DEPTH`, the work by `evaluate::FUEL`, every value by [`MAX_WEIGHT`] and
//! `value::MAX_DEPTH`. Data is never evaluated as code. A [`Value::Secret`] or [`Value::Guarded`]
//! never leaves an evaluation.

mod ast;
mod embed;
mod error;
mod evaluate;
mod function;
mod functions;
mod lexer;
mod member;
mod operators;
mod parser;
mod path;
mod print;
mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use secrecy::SecretString;

use ast::Node;
pub use error::{EvaluateError, ParseError};
use evaluate::Evaluator;
pub use evaluate::{Purpose, Scope};
pub use function::Function;
pub use lexer::is_name;
pub use path::{Path, Read, Root, Usage};
pub use value::{MAX_WEIGHT, Measure, OversizeError, Secret, Value, whole_text};

/// A parsed expression.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use clock::Timestamp;
/// use expressions::{Expression, Purpose, Scope, Value};
/// use serde_json::json;
///
/// let expression = Expression::parse("`Hello ${@strings.upper(name)}`")?;
/// let variables = BTreeMap::from([("name".to_owned(), Value::from_json(json!("Ada"))?)]);
/// let (request, device, user, tokens) = (&Value::Null, &Value::Null, &Value::Null, &Value::Null);
/// let now = Timestamp::from_unix_millis(0);
/// let scope = Scope { variables: &variables, request, device, user, tokens, now };
/// let greeting = expression.evaluate(&scope, Purpose::Output)?;
/// assert_eq!(greeting.to_json(), json!("Hello ADA"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    root: Node,
}

impl Expression {
    /// The longest source, in bytes.
    pub const MAX_SOURCE: usize = 4096;

    /// Parses `source`, all of it.
    ///
    /// # Errors
    /// A source that is longer than [`Self::MAX_SOURCE`], nests too deep, or is not in the
    /// language: with the column and the reason.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > Self::MAX_SOURCE {
            let reason = format!("an expression has at most {} bytes", Self::MAX_SOURCE);
            return Err(ParseError { column: 1, reason });
        }
        parser::parse(source).map(|root| Self { root })
    }

    /// The expression `null`.
    pub const fn null() -> Self {
        Self { root: Node::Null }
    }

    /// The expression `true` or `false`.
    pub const fn from_bool(yes: bool) -> Self {
        Self { root: Node::Bool(yes) }
    }

    /// The expression that is this number.
    pub const fn from_number(number: f64) -> Self {
        Self { root: Node::Number(number) }
    }

    /// The expression that reads a path.
    pub fn of(path: &Path) -> Self {
        Self::read(path, false)
    }

    /// The expression that reads a path, and is null where a part of it is missing.
    pub fn optional(path: &Path) -> Self {
        Self::read(path, true)
    }

    /// This expression, or a text where its value is null.
    #[must_use]
    pub fn or_text(self, text: &str) -> Self {
        let (left, right) = (Box::new(self.root), Box::new(Node::Text(text.to_owned())));
        Self { root: Node::Binary { operator: ast::Binary::Coalesce, left, right } }
    }

    fn read(path: &Path, is_optional: bool) -> Self {
        let root = match &path.root {
            Root::Request => Node::Call { function: Function::Request, arguments: Vec::new() },
            Root::Variable(name) => Node::Variable(name.clone()),
        };
        let member = |base, key: &String| Node::Member {
            base: Box::new(base),
            key: key.clone(),
            is_optional,
        };
        Self { root: path.keys.iter().fold(root, member) }
    }

    /// The expression as part of another journey, which names its variables `PREFIX.NAME` and gives its
    /// parameters.
    #[must_use]
    pub fn embedded(&self, prefix: &str, params: &BTreeMap<String, Self>) -> Self {
        let mut root = self.root.clone();
        embed::embed(&mut root, prefix, params);
        Self { root }
    }

    /// The expression with other reads: where `change` has one for a path, it stands for that path.
    #[must_use]
    pub fn rewritten(&self, change: &mut dyn FnMut(&Path) -> Option<Self>) -> Self {
        let mut root = self.root.clone();
        path::rewrite(&mut root, change);
        Self { root }
    }

    /// The path that the whole expression is, if it is one.
    pub fn path(&self) -> Option<Path> {
        Path::from_node(&self.root)
    }

    /// The text that it is, if it is a quoted string.
    pub fn text(&self) -> Option<&str> {
        match &self.root {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of the object that it is, if it is one in braces.
    pub fn members(&self) -> Option<Vec<(&str, Self)>> {
        match &self.root {
            Node::Object(members) => Some(
                members.iter().map(|(key, root)| (&**key, Self { root: root.clone() })).collect(),
            ),
            _ => None,
        }
    }

    /// Everything that it may read.
    pub fn reads(&self) -> Vec<Read> {
        path::reads(&self.root)
    }

    /// Whether it calls `function`.
    pub fn calls(&self, function: Function) -> bool {
        path::calls(&self.root, function)
    }

    /// The value, of which no part is secret or guarded.
    ///
    /// # Errors
    /// [`EvaluateError::Tainted`] if the value would be or hold a secret or guarded one;
    /// [`EvaluateError::OutOfFuel`] and [`EvaluateError::TooLarge`] at the bounds; another variant
    /// if an operand, argument or member is of the wrong kind.
    pub fn evaluate(&self, scope: &Scope<'_>, purpose: Purpose) -> Result<Value, EvaluateError> {
        Evaluator::new(scope, purpose).value(&self.root).map(std::borrow::Cow::into_owned)
    }

    /// The text of the secret that the value is; `None` if it is no secret, or not a text.
    ///
    /// # Errors
    /// As [`Self::evaluate`], except that a secret is no error here.
    pub fn secret(&self, scope: &Scope<'_>) -> Result<Option<SecretString>, EvaluateError> {
        let value = Evaluator::new(scope, Purpose::Output).raw(&self.root)?;
        Ok(value.as_secret().and_then(|secret| secret.expose().cloned()))
    }
}
