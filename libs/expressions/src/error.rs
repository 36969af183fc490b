//! The errors of parsing and of evaluating an expression.

use crate::function::Function;
use crate::value::OversizeError;

/// Why a source is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct ParseError {
    /// The character at which it went wrong, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Why an expression has no value. Never holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// A member of null, read without `?.`.
    #[error("a member of null was read")]
    MemberOfNull,
    /// A member of what has none.
    #[error("only objects and arrays have members")]
    NoMembers,
    /// An index of the wrong kind.
    #[error("an object is indexed by a string, an array by a whole number")]
    Index,
    /// Operands of the wrong kind.
    #[error("an operator takes {0}")]
    Operands(&'static str),
    /// An argument of the wrong kind.
    #[error("{function:?} takes {wanted}")]
    Argument {
        /// The function.
        function: Function,
        /// What it takes.
        wanted: &'static str,
    },
    /// A number out of range.
    #[error("a number is out of range")]
    NotFinite,
    /// Not JSON.
    #[error("a text is not json")]
    NotJson,
    /// The budget is used up.
    #[error("the expression does too much")]
    OutOfFuel,
    /// A value is too large.
    #[error("a value is too large or nested too deep")]
    TooLarge,
    /// A value that must not get out was used.
    #[error("a secret or guarded value was used where it must not go")]
    Tainted,
    /// The value is of another kind than the step takes.
    #[error("the value is not {0}")]
    NotA(&'static str),
}

impl From<OversizeError> for EvaluateError {
    fn from(OversizeError: OversizeError) -> Self {
        Self::TooLarge
    }
}
