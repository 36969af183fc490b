//! The shape of a policy's codes: alphabet and length.

use std::fmt;
use std::ops::RangeInclusive;

/// The characters that codes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// The 32 digits and capitals without I, L, O and U, which people take for other characters.
    Base32,
}

impl Alphabet {
    /// The alphabet's name in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Base32 => "base32",
        }
    }

    /// The alphabet's characters, all ASCII.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::Base32 => b"0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        }
    }
}

/// The shape of a policy's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    length: u8,
    alphabet: Alphabet,
}

impl Shape {
    /// The lengths that a code may have. Six digits is the least that NIST SP 800-63B, section
    /// 5.1.3.2, asks of a code sent to a user.
    pub const LENGTHS: RangeInclusive<u8> = 6..=12;

    /// Codes of `length` characters of `alphabet`; `None` if the length is outside
    /// [`LENGTHS`](Self::LENGTHS).
    pub fn new(length: u8, alphabet: Alphabet) -> Option<Self> {
        Self::LENGTHS.contains(&length).then_some(Self { length, alphabet })
    }

    /// The number of characters of a code.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// The characters that codes are made of.
    pub const fn alphabet(self) -> Alphabet {
        self.alphabet
    }

    /// How many different codes there are.
    #[expect(clippy::cast_precision_loss, reason = "an alphabet has at most 32 characters")]
    pub fn count(self) -> f64 {
        (self.alphabet.characters().len() as f64).powi(i32::from(self.length))
    }

    /// Whether `text` could be a code of this shape.
    pub(crate) fn admits(self, text: &str) -> bool {
        let characters = self.alphabet.characters();
        text.len() == usize::from(self.length) && text.bytes().all(|b| characters.contains(&b))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = match self.alphabet {
            Alphabet::Digits => "digits",
            Alphabet::Base32 => "letters and digits",
        };
        write!(f, "{} {characters}", self.length)
    }
}
