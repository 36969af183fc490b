//! Users and the identifiers they are known by.
//!
//! An [`Identifier`] is canonical from the moment it exists: however a person or a program spells
//! it, at issue and at redemption, it is the same value, so that it has one code and one budget of
//! guesses. Two types never meet: nobody's user name can stand for someone else's user id.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

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
    /// A control, invisible or bidirectional formatting character, or white space inside.
    #[error("must hold no white space, control or invisible characters")]
    Unprintable,
    /// Not of the form `local@domain`.
    #[error("must be an e-mail address")]
    NotAnEmail,
    /// Not of the form `+` and 7 to 15 digits.
    #[error("must be a phone number in E.164 form, such as +4930123456")]
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
    /// The longest identifier, in bytes of UTF-8: an e-mail address has at most 254 (RFC 5321,
    /// section 4.5.3.1.3).
    pub const MAX_BYTES: usize = 256;

    /// Brings `text` into the canonical form of its type: Unicode NFC, without white space around
    /// it, in lower case where the type ignores case, a phone number without its punctuation.
    pub fn parse(kind: IdentifierType, text: &str) -> Result<Self, IdentifierError> {
        // Normalising can shorten a text, so this bound is only against absurd input.
        if text.len() > 4 * Self::MAX_BYTES {
            return Err(IdentifierError::TooLong);
        }
        let text = composed(text.trim());
        let value = match kind {
            IdentifierType::UserId => user_id(text)?,
            IdentifierType::Email => email(&fold_case(&text))?,
            IdentifierType::PhoneNumber => phone_number(&text)?,
            IdentifierType::Username => fold_case(&text),
        };
        match &value {
            value if value.is_empty() => Err(IdentifierError::Empty),
            value if value.len() > Self::MAX_BYTES => Err(IdentifierError::TooLong),
            value if value.chars().any(is_unprintable) => Err(IdentifierError::Unprintable),
            _ => Ok(Self { kind, value }),
        }
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

/// Lower case in a form that folding again leaves as it is.
fn fold_case(text: &str) -> String {
    composed(&text.to_lowercase())
}

/// Unicode NFC. A text of ASCII alone is in it, as most identifiers are.
fn composed(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

fn user_id(text: String) -> Result<String, IdentifierError> {
    let reserved = [IdentifierType::Email, IdentifierType::PhoneNumber, IdentifierType::Username];
    let is_reserved = |kind: IdentifierType| {
        text.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with(':'))
    };
    if reserved.into_iter().any(is_reserved) { Err(IdentifierError::Reserved) } else { Ok(text) }
}

fn email(text: &str) -> Result<String, IdentifierError> {
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(text.to_owned()),
        _ if text.is_empty() => Err(IdentifierError::Empty),
        _ => Err(IdentifierError::NotAnEmail),
    }
}

fn phone_number(text: &str) -> Result<String, IdentifierError> {
    let written = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
    let digits = text.strip_prefix('+').ok_or(IdentifierError::NotAPhoneNumber)?;
    let digits: String = digits.chars().filter(|&c| !written(c)).collect();
    let valid = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if valid { Ok(format!("+{digits}")) } else { Err(IdentifierError::NotAPhoneNumber) }
}

/// White space, controls, and the invisible or reordering characters of Unicode's general category
/// Cf that could make two different identifiers look alike.
fn is_unprintable(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The user whom an identifier leads to: what digests are bound to and what `sub` will say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(String);

impl UserId {
    /// Takes a user id as a directory holds it, in the canonical form of [`IdentifierType::UserId`].
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Identifier::parse(IdentifierType::UserId, text).map(|identifier| Self(identifier.value))
    }

    /// The user who IS this identifier, where no directory knows more: a user id is itself, any
    /// other type is marked with its name, so that no two types name the same user.
    pub fn from_identifier(identifier: &Identifier) -> Self {
        match identifier.kind {
            IdentifierType::UserId => Self(identifier.value.clone()),
            kind => Self(format!("{}:{}", kind.as_str(), identifier.value)),
        }
    }

    /// Reads a user back from what [`as_str`](Self::as_str) gave, such as the `sub` of a token.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(kind: IdentifierType, text: &str) -> String {
        Identifier::parse(kind, text).expect(text).value().to_owned()
    }

    #[test]
    fn spellings_of_one_identifier_are_one_value() {
        use IdentifierType::{Email, PhoneNumber, UserId, Username};
        assert_eq!(canonical(Email, " Ada@Example.COM\n"), "ada@example.com");
        assert_eq!(canonical(PhoneNumber, "+49 (30) 123-456"), "+4930123456");
        assert_eq!(canonical(Username, "Zoe\u{308}"), canonical(Username, "zo\u{eb}"));
        assert_eq!(canonical(UserId, "Zoe\u{308}"), "Zo\u{eb}");
        assert_ne!(canonical(UserId, "ABC"), canonical(UserId, "abc"));
    }

    #[test]
    fn what_cannot_be_an_identifier_is_refused() {
        use IdentifierType::{Email, PhoneNumber, UserId, Username};
        for (kind, text, error) in [
            (UserId, "  ", IdentifierError::Empty),
            (UserId, "a\0b", IdentifierError::Unprintable),
            (Username, "ali\u{200b}ce", IdentifierError::Unprintable),
            (Username, "\u{202e}ecila", IdentifierError::Unprintable),
            (Email, "no at sign", IdentifierError::NotAnEmail),
            (Email, "a b@c", IdentifierError::Unprintable),
            (PhoneNumber, "030 123456", IdentifierError::NotAPhoneNumber),
            (PhoneNumber, "+0301234567", IdentifierError::NotAPhoneNumber),
            (UserId, "email:ada@example.com", IdentifierError::Reserved),
        ] {
            assert_eq!(Identifier::parse(kind, text), Err(error), "{text:?}");
        }
        let long = "a".repeat(10_240);
        assert_eq!(Identifier::parse(UserId, &long), Err(IdentifierError::TooLong));
    }

    proptest! {
        #[test]
        fn canonicalising_twice_changes_nothing(kind in 0..4_usize, text in "\\PC{0,40}") {
            let kind = IdentifierType::ALL[kind];
            if let Ok(once) = Identifier::parse(kind, &text) {
                prop_assert_eq!(Identifier::parse(kind, once.value()), Ok(once.clone()));
            }
        }

        #[test]
        fn a_user_is_read_back_as_written(kind in 0..4_usize, text in "\\PC{1,30}") {
            if let Ok(identifier) = Identifier::parse(IdentifierType::ALL[kind], &text) {
                let user = UserId::from_identifier(&identifier);
                prop_assert_eq!(UserId::parse_subject(user.as_str()), Ok(user.clone()));
            }
        }

        #[test]
        fn two_types_never_name_the_same_user(a in 0..4_usize, b in 0..4_usize, text in "\\PC{1,30}") {
            prop_assume!(a != b);
            let user = |kind: usize| {
                Identifier::parse(IdentifierType::ALL[kind], &text).map(|id| UserId::from_identifier(&id))
            };
            if let (Ok(one), Ok(other)) = (user(a), user(b)) {
                prop_assert_ne!(one, other);
            }
        }
    }
}
