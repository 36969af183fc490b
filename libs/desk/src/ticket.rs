//! The rule for tickets: what they look like, and whether each serves one user only.

use regex_lite::{Regex, RegexBuilder};

/// A ticket pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a regular expression: {0}")]
pub struct PatternError(String);

/// The rule for tickets.
#[derive(Clone, Debug)]
pub struct TicketRule {
    pattern: Regex,
    source: String,
    once: bool,
}

impl TicketRule {
    /// The most memory that a compiled pattern may take, in bytes.
    const MAX_COMPILED: usize = 64 * 1024;

    /// A ticket must match the whole pattern. With `once`, it belongs to the first user for whom it
    /// was admitted.
    ///
    /// # Errors
    /// The pattern is no regular expression, or too large.
    pub fn new(pattern: &str, once: bool) -> Result<Self, PatternError> {
        let compile = |text: &str| {
            let compiled = RegexBuilder::new(text).size_limit(Self::MAX_COMPILED).build();
            compiled.map_err(|error| PatternError(error.to_string()))
        };
        // Alone first: an unbalanced bracket must not close the group that makes it match as a whole.
        compile(pattern)?;
        let whole = compile(&format!(r"\A(?:{pattern})\z"))?;
        Ok(Self { pattern: whole, source: pattern.to_owned(), once })
    }

    /// The pattern, as the configuration has it.
    pub fn pattern(&self) -> &str {
        &self.source
    }

    /// Whether a ticket belongs to the first user for whom it was admitted.
    pub const fn once(&self) -> bool {
        self.once
    }

    /// Whether the whole ticket matches.
    pub fn matches(&self, ticket: &str) -> bool {
        self.pattern.is_match(ticket)
    }
}

impl PartialEq for TicketRule {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, self.once) == (&other.source, other.once)
    }
}

impl Eq for TicketRule {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_matches_as_a_whole() {
        let rule = TicketRule::new("INC[0-9]{7}|CHG[0-9]+", true).expect("a pattern");
        for (ticket, matches) in [
            ("INC0000001", true),
            ("CHG1", true),
            ("INC00000012", false),
            ("xINC0000001", false),
            ("INC0000001\n", false),
            ("INC000001\u{661}", false),
            ("", false),
        ] {
            assert_eq!(rule.matches(ticket), matches, "{ticket:?}");
        }
    }

    #[test]
    fn a_pattern_cannot_escape_its_anchors_or_grow_without_bound() {
        // A comment would swallow the closing bracket and the anchor.
        for pattern in ["a)|(b", "(", "[0-9", "((a{100}){100}){100}", "(?x)a #"] {
            assert!(TicketRule::new(pattern, false).is_err(), "{pattern}");
        }
    }
}
