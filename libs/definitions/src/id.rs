//! The ids of journeys.

use std::fmt;

/// A journey's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JourneyId(String);

/// Why a text is not a journey id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a journey id must be 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit"
)]
pub struct JourneyIdError;

impl JourneyId {
    /// Parses a journey id: 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter
    /// or digit.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, JourneyIdError> {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_valid = (1..=64).contains(&text.len())
            && text.bytes().next().is_some_and(is_plain)
            && text.bytes().all(|b| is_plain(b) || b == b'-' || b == b'_');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(JourneyIdError) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JourneyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
