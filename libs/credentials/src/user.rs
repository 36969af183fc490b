//! Users and the identifiers they are known by.
//!
//! An [`Identifier`] is canonical from the moment it exists: however a person or a program spells
//! it, at issue and at redemption, it is the same value, so that it has one code and one budget of
//! guesses. Two types never meet: a user name never stands for another user's id.

mod email;
mod fold;
mod phone_number;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::characters::has_unreadable;
use fold::{compatibility_fold, composed};

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierType {
    /// The application's own id of the user; compared case-sensitively.
    UserId,
    /// An e-mail address; compared without regard to case.
    Email,
    /// A telephone number in international form (ITU-T E.164).
    PhoneNumber,
    /// A name the user chose; compared without regard to case.
    Username,
}

impl IdentifierType {
    /// All types, in the order of the API.
    pub const ALL: [Self; 4] = [Self::UserId, Self::Email, Self::PhoneNumber, Self::Username];

    /// The type's name in JSON and YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Username => "username",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Why a text is not an identifier. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("must be at most {} bytes long", Identifier::MAX_BYTES)]
    TooLong,
    /// A control, format, default-ignorable or unassigned character, a blank, or white space inside.
    #[error("must hold no white space, control or invisible characters")]
    Unprintable,
    /// Not of the form `local@domain`.
    #[error(
        "must be an e-mail address alone, such as ada@example.com: \
         without `mailto:`, brackets or punctuation around it"
    )]
    NotAnEmail,
    /// Not of the form `+` and 7 to 15 digits.
    #[error(
        "must be a phone number in E.164 form, such as +4930123456: `+`, country code and number, \
         without a trunk zero such as (0) and without an extension"
    )]
    NotAPhoneNumber,
    /// A user id that begins as another type's canonical form does.
    #[error("a user id must not begin with `email:`, `phone_number:` or `username:`")]
    Reserved,
}

/// A canonical identifier. Its `Debug` shows the type alone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdentifierType,
    value: String,
}

impl Identifier {
    /// The longest identifier, in bytes of UTF-8, as it is typed and in its canonical form: an e-mail
    /// address has at most 254 (RFC 5321, section 4.5.3.1.3).
    pub const MAX_BYTES: usize = 256;

    /// Brings `text` into the canonical form of its type, without white space around it:
    ///
    /// | type | canonical form |
    /// | --- | --- |
    /// | user id | Unicode NFC |
    /// | e-mail address | local part: NFC, case-folded; domain: A-labels |
    /// | phone number | `+` and digits |
    /// | user name | Unicode NFKC, case-folded |
    ///
    /// # Errors
    /// [`IdentifierError::Empty`], [`IdentifierError::TooLong`] and
    /// [`IdentifierError::Unprintable`] for any type; [`IdentifierError::NotAnEmail`] and
    /// [`IdentifierError::NotAPhoneNumber`] for theirs; [`IdentifierError::Reserved`] for a user id
    /// that begins with the name of another type.
    pub fn parse(kind: IdentifierType, text: &str) -> Result<Self, IdentifierError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        let text = composed(text);
        if has_unreadable(&text) {
            return Err(IdentifierError::Unprintable);
        }
        let value = match kind {
            IdentifierType::UserId => user_id(text)?,
            IdentifierType::Email => email::parse(&text).ok_or(IdentifierError::NotAnEmail)?,
            IdentifierType::PhoneNumber => {
                phone_number::parse(&text).ok_or(IdentifierError::NotAPhoneNumber)?
            }
            IdentifierType::Username => compatibility_fold(&text),
        };
        // A normal form may be longer than the typed text, or hold white space: U+00B4 begins with a space.
        if value.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        if value.contains(char::is_whitespace) || has_unreadable(&value) {
            return Err(IdentifierError::Unprintable);
        }
        Ok(Self { kind, value })
    }

    /// What the identifier is.
    pub const fn kind(&self) -> IdentifierType {
        self.kind
    }

    /// The canonical text.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, [redacted])", self.kind.as_str())
    }
}

fn user_id(text: Cow<'_, str>) -> Result<String, IdentifierError> {
    let reserved = [IdentifierType::Email, IdentifierType::PhoneNumber, IdentifierType::Username];
    let is_reserved = |kind: IdentifierType| {
        text.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with(':'))
    };
    if reserved.into_iter().any(is_reserved) {
        Err(IdentifierError::Reserved)
    } else {
        Ok(text.into_owned())
    }
}

/// The user of an identifier: the subject of digests, and the `sub` of tokens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(String);

impl UserId {
    /// Takes a user id as a directory holds it, in the canonical form of [`IdentifierType::UserId`].
    ///
    /// # Errors
    /// As [`Identifier::parse`] for [`IdentifierType::UserId`].
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Identifier::parse(IdentifierType::UserId, text).map(|identifier| Self(identifier.value))
    }

    /// The user of this identifier without a directory. A user ID stands for itself. Any other type is
    /// marked with its name, so that no two types name the same user.
    pub fn from_identifier(identifier: &Identifier) -> Self {
        match identifier.kind {
            IdentifierType::UserId => Self(identifier.value.clone()),
            kind => Self(format!("{}:{}", kind.as_str(), identifier.value)),
        }
    }

    /// Reads a user back from what [`as_str`](Self::as_str) gave, such as the `sub` of a token.
    ///
    /// # Errors
    /// As [`Identifier::parse`] for the type that the text is marked with.
    pub fn parse_subject(text: &str) -> Result<Self, IdentifierError> {
        let marked = IdentifierType::ALL.into_iter().filter(|&kind| kind != IdentifierType::UserId);
        let mut marked = marked.filter_map(|kind| {
            let value = text.strip_prefix(kind.as_str())?.strip_prefix(':')?;
            Some(
                Identifier::parse(kind, value).map(|identifier| Self::from_identifier(&identifier)),
            )
        });
        marked.next().unwrap_or_else(|| Self::parse(text))
    }

    /// The user id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId([redacted])")
    }
}
