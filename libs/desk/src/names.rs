//! The names of tiers, groups and requests, and who a brake stops.

use std::fmt;
use std::sync::Arc;

use codes::ids::{Agent, ApplicationId};

/// A text is no name of a tier or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit")]
pub struct NameError;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// The text is not 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter
            /// or digit.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                match ApplicationId::parse(text) {
                    Ok(_) => Ok(Self(text.into())),
                    Err(_) => Err(NameError),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A tier of users, such as `privileged`: how much harm an attacker could do with their accounts.
    Tier
}

name! {
    /// A group of agents that share a limit, such as `outsourced`.
    Group
}

impl Default for Tier {
    /// The tier of users for whom the directory names none.
    fn default() -> Self {
        Self("standard".into())
    }
}

/// A text is no request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the request_id of a pending request: 32 hexadecimal digits in lowercase")]
pub struct RequestIdError;

/// A request for approval: 128 random bits, in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId([u8; 16]);

impl RequestId {
    /// Takes the id's bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Parses what [`Display`](fmt::Display) prints.
    ///
    /// # Errors
    /// The text is not 32 hexadecimal digits in lowercase.
    pub fn parse(text: &str) -> Result<Self, RequestIdError> {
        let is_hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 32 || !text.bytes().all(is_hexadecimal) {
            return Err(RequestIdError);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| RequestIdError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What a brake stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every issue of the application.
    Application,
    /// The issues of a group of agents.
    Group(Group),
    /// The issues of one agent.
    Agent(Agent),
}

impl Scope {
    /// The kind of scope, for metrics and the audit trail.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Group(_) => "group",
            Self::Agent(_) => "agent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_read_as_it_is_printed() {
        for bytes in [[0; 16], [255; 16], *b"0123456789abcdef"] {
            let id = RequestId::from_bytes(bytes);
            assert_eq!(RequestId::parse(&id.to_string()), Ok(id));
        }
        let upper = "A".repeat(32);
        for text in ["", "00", &upper, &"+".repeat(32), &"0".repeat(33)] {
            assert_eq!(RequestId::parse(text), Err(RequestIdError), "{text}");
        }
    }

    #[test]
    fn names_outside_their_rule_are_refused() {
        for text in ["", "Standard", "-a", "a b", &"a".repeat(65)] {
            assert_eq!(Tier::parse(text), Err(NameError), "{text:?}");
            assert_eq!(Group::parse(text), Err(NameError), "{text:?}");
        }
        assert_eq!(Tier::parse("standard"), Ok(Tier::default()));
    }
}
