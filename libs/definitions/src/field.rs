//! The fields of forms, as a journey's file has them.

use expressions::Path;
use serde::Serialize;

use crate::Journey;

/// A field of `collect_information`, as the file has it.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its label, where the file has one.
    pub label: Option<String>,
    /// What it takes, where the file says so.
    pub kind: Option<FieldKind>,
    /// The value of the HTML attribute `autocomplete`.
    pub autocomplete: Option<String>,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A user's identifier.
    Identifier,
    /// A temporary code.
    Code,
    /// Any text.
    Text,
}

impl FieldKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Identifier, Self::Code, Self::Text];

    /// The kind's name in a journey's file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Code => "code",
            Self::Text => "text",
        }
    }

    /// What the journey's steps take the input at `path` for.
    pub(crate) fn of(journey: &Journey, path: &Path) -> Self {
        if journey.secrets.contains(path) {
            Self::Code
        } else if journey.identifiers.contains(path) {
            Self::Identifier
        } else {
            Self::Text
        }
    }
}
