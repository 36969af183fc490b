//! Expressions: parsed once when a journey is loaded, evaluated with no loops and no side effects.
//!
//! Every cost is bounded: the source by [`Expression::MAX_SOURCE`], the tree by
//! [`parser::MAX_DEPTH`], the work by [`evaluate::FUEL`], every value by [`value::MAX_WEIGHT`] and
//! [`value::MAX_DEPTH`]. Data is never evaluated as code.

pub(crate) mod ast;
pub(crate) mod error;
pub(crate) mod evaluate;
pub(crate) mod function;
mod functions;
mod lexer;
mod member;
mod operators;
mod parser;
pub(crate) mod path;
pub(crate) mod value;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use secrecy::SecretString;

use ast::Node;
use error::EvaluateError;
use evaluate::{Evaluator, Purpose, Scope};
use value::Value;

/// Why a source is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub(crate) struct ParseError {
    /// The character at which it went wrong, counted from 1.
    pub(crate) column: usize,
    /// What is wrong there.
    pub(crate) reason: String,
}

/// A parsed expression.
#[derive(Debug)]
pub(crate) struct Expression {
    root: Node,
}

impl Expression {
    /// The longest source, in bytes.
    pub(crate) const MAX_SOURCE: usize = 4096;

    /// Parses `source`, all of it.
    pub(crate) fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > Self::MAX_SOURCE {
            let reason = format!("an expression has at most {} bytes", Self::MAX_SOURCE);
            return Err(ParseError { column: 1, reason });
        }
        parser::parse(source).map(|root| Self { root })
    }

    /// An expression that is always `node`.
    pub(crate) const fn from_node(node: Node) -> Self {
        Self { root: node }
    }

    /// The tree.
    pub(crate) const fn root(&self) -> &Node {
        &self.root
    }

    /// The value, of which no part is secret or guarded.
    pub(crate) fn evaluate(
        &self,
        scope: &Scope<'_>,
        purpose: Purpose,
    ) -> Result<Value, EvaluateError> {
        Evaluator::new(scope, purpose).value(&self.root).map(std::borrow::Cow::into_owned)
    }

    /// The temporary code, for the verification alone: `None` where there is none, or where it is
    /// no text.
    pub(crate) fn code(&self, scope: &Scope<'_>) -> Result<Option<SecretString>, EvaluateError> {
        let value = Evaluator::new(scope, Purpose::Output).raw(&self.root)?;
        Ok(value.as_secret().and_then(|secret| secret.expose().cloned()))
    }
}
