//! Names for journeys and steps: of lowercase letters, digits, `-` and `_`, numbered where two meet.

use std::collections::BTreeSet;

use definitions::JourneyId;
use unicode_normalization::UnicodeNormalization as _;

use crate::ImportError;
use crate::export::Policy;

/// Leaves room for a number.
const MAX_LENGTH: usize = 56;

/// The names that are taken.
#[derive(Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// A name made of `text`, or of `otherwise` where no letter of it is left.
    pub(crate) fn take(&mut self, text: &str, otherwise: &str) -> String {
        let plain = plain(text);
        let base = if plain.is_empty() { otherwise } else { &plain };
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let mut names = std::iter::once(base.to_owned()).chain(numbered);
        let name = names.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(name.clone());
        name
    }
}

/// The ids of the journeys, one for each policy.
pub(crate) fn journeys(policies: &[Policy], refusals: &mut Vec<ImportError>) -> Vec<JourneyId> {
    let mut names = Names::default();
    let mut id = |policy: &Policy| {
        let id = JourneyId::parse(&names.take(&policy.name, "journey"));
        id.map_err(|error| refusals.push(policy.refusal(error.to_string()))).ok()
    };
    policies.iter().filter_map(&mut id).collect()
}

/// The letters and digits of a text, in lower case and without accents; hyphens between its words.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.nfkd() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' => plain.push(c),
            'ß' => plain.push_str("ss"),
            c if c.is_alphanumeric() || is_accent(c) => {}
            _ if plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
        if plain.len() >= MAX_LENGTH {
            break;
        }
    }
    plain.trim_matches(['-', '_']).to_owned()
}

fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_never_meet() {
        let mut names = Names::default();
        for (text, name) in [
            ("Recover with a code", "recover-with-a-code"),
            ("recover  WITH--a code!", "recover-with-a-code_2"),
            ("Zurück zum Straßenfest é", "zuruck-zum-strassenfest-e"),
            ("\u{65e5}\u{672c}", "journey"),
            ("", "journey_2"),
            ("../../etc", "etc"),
        ] {
            let taken = names.take(text, "journey");
            assert_eq!(taken, name);
            assert!(JourneyId::parse(&taken).is_ok());
        }
        assert!(JourneyId::parse(&names.take(&"x".repeat(500), "journey")).is_ok());
    }
}
