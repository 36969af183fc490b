//! Texts that clients send, and what is wrong with them.

use expressions::{Path, Root};

/// An invalid input: its name and the rule that it breaks, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {rule}")]
pub struct InputError {
    /// The input: a field of the request, `params.NAME`, or a form's field.
    pub name: String,
    /// The rule.
    pub rule: String,
}

impl InputError {
    /// Names an input and the rule that it breaks.
    pub(crate) fn new(name: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { name: name.into(), rule: rule.into() }
    }
}

/// The rule for texts, where a client may send any JSON.
pub(crate) const TEXT: &str = "must be a text, or a whole number from 0 to 2^53 - 1";

/// The client's name of the input at `path`: `params.NAME`, or a form's field.
pub(crate) fn input_name(path: &Path) -> String {
    match &path.root {
        Root::Variable(name) if path.keys.is_empty() => name.clone(),
        Root::Variable(_) | Root::Request => path.keys.join("."),
    }
}
