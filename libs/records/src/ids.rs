//! IDs. Each has one parsing constructor and prints as it was parsed. None of them is a secret, and
//! none contains a user's identifier.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::digest::{Subject, encode};

/// Why a text is not a valid id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct IdError {
    what: &'static str,
    rule: &'static str,
}

/// Defines an ID: its documentation, its type, what errors call it, its rule in words and as a
/// predicate. Clones share one text, since each request makes several.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Parses ", $what, ": ", $rule, ".")]
            ///
            /// # Errors
            /// Any other text: the error names the rule.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError { what: $what, rule: $rule })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// An application: the tenant that codes, users and policies belong to.
    ApplicationId, "an application id",
    "1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit", |text| {
        name_of_at_most_64(text) && !text.bytes().any(|b| b.is_ascii_uppercase() || b == b'.')
    }
}

id! {
    /// An OAuth client (RFC 6749, section 2.2).
    ClientId, "a client id",
    "1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit", name_of_at_most_64
}

id! {
    /// An identity provider of agents: the name of its file in the configuration.
    ProviderId, "a provider's name",
    "1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit", |text| {
        ApplicationId::parse(text).is_ok()
    }
}

id! {
    /// An agent, as their identity provider names them (`sub`). Kept in the audit trail.
    AgentId, "an agent id", "1 to 128 bytes without control characters", |text| {
        (1..=128).contains(&text.len()) && !text.chars().any(char::is_control)
    }
}

id! {
    /// The name that a caller gives to one operation: a retry under the same name has the same
    /// outcome and one effect.
    IdempotencyKey, "an idempotency key", "1 to 128 visible ASCII characters", |text| {
        (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

id! {
    /// One issued code. Callers need not look inside: it contains the record that holds the code,
    /// so a code can be revoked by its ID without an index.
    CodeId, "a code id", "the id that issuing the code returned", |text| {
        text.split_once('.').is_some_and(|(subject, nonce)| {
            Subject::parse(subject).is_some() && Subject::parse(nonce).is_some()
        })
    }
}

id! {
    /// The one grant of an accepted code: every token minted for it carries this ID.
    GrantId, "a grant id", "the id that an accepted verification returned", |text| {
        Subject::parse(text).is_some()
    }
}

/// An agent whom an identity provider has authenticated. Two providers may use one agent ID for two
/// people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agent {
    /// The identity provider.
    pub provider: ProviderId,
    /// The agent's ID at that provider.
    pub id: AgentId,
}

impl CodeId {
    /// Joins the record that holds the code with a nonce that is unique in that record.
    pub fn new(subject: &Subject, nonce: [u8; 16]) -> Self {
        Self(format!("{subject}.{}", encode(&nonce)).into())
    }

    /// The part of the ID that is unique among the codes of its record.
    pub fn nonce(&self) -> [u8; 16] {
        *self.halves().1.as_bytes()
    }

    /// The record that holds this code.
    pub fn subject(&self) -> Subject {
        self.halves().0
    }

    fn halves(&self) -> (Subject, Subject) {
        let halves = self.0.split_once('.');
        let parsed = halves.and_then(|(a, b)| Some((Subject::parse(a)?, Subject::parse(b)?)));
        parsed.expect("the constructors wrote both halves, parsing checked them")
    }

    /// The grant of this code, derived from the code's ID: one code has one grant.
    pub fn grant(&self) -> GrantId {
        let hash = Sha256::new()
            .chain_update("postern grant\0")
            .chain_update(self.0.as_bytes())
            .finalize();
        GrantId(encode(&hash[..16]).into())
    }
}

fn name_of_at_most_64(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_outside_their_rule_are_refused() {
        for text in ["", "Acme", "-a", "a b", "a.b", &"a".repeat(65)] {
            assert!(ApplicationId::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "a b", "ä", "\n", &"k".repeat(129)] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
        for text in ["", ".", "abc.def", "AAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(CodeId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_code_id_leads_to_its_record_and_to_one_grant() {
        let subject = Subject::from_bytes([7; 16]);
        let id = CodeId::new(&subject, [9; 16]);
        assert_eq!(CodeId::parse(id.as_str()).as_ref(), Ok(&id));
        assert_eq!(id.subject(), subject);
        assert_eq!(id.grant(), id.clone().grant());
        assert_ne!(id.grant(), CodeId::new(&subject, [8; 16]).grant());
        assert_eq!(GrantId::parse(id.grant().as_str()), Ok(id.grant()));
    }
}
