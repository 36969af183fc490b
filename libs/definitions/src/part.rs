//! The two inputs of a verification.

/// The parts of an attempt that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The identifier.
    Identifier,
    /// The code.
    Code,
}

impl Part {
    /// The key of the step that says where it comes from.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Identifier => "external_user_id",
            Self::Code => "temp_code",
        }
    }
}
