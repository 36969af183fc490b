//! Pairing: it ties a code to one journey of its user.
//!
//! The recovery page shows a pairing number, which the user reads to the agent. A code that is
//! issued with that number stores the journey's binding, and only guesses from that journey are
//! compared with it.

use std::fmt;

use clock::Timestamp;
use rand::CryptoRng;

use credentials::code::TempCode;
use credentials::guess::Guess;
use credentials::shape::{Alphabet, Shape};

/// Identifies one journey session in a record: a hash of its secret session ID. Only requests from
/// that journey carry it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binding([u8; 16]);

impl Binding {
    /// Takes the binding's bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The binding's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Binding([redacted])")
    }
}

/// The text is not a pairing number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a pairing number of 6 or 8 digits")]
pub struct PairingNumberError;

/// The number that a user reads to the agent: six digits, or eight if the drawn six digits are
/// taken.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PairingNumber(String);

impl PairingNumber {
    const SHORT: u8 = 6;
    const LONG: u8 = 8;

    /// How many numbers of eight digits are drawn, in case earlier ones are taken.
    const SPARE: usize = 3;

    /// Normalises the text as [`Guess::parse`] does: it drops blanks and hyphens, and turns digits
    /// of any script into ASCII digits.
    ///
    /// # Errors
    /// The text is not six or eight digits.
    pub fn parse(text: &str) -> Result<Self, PairingNumberError> {
        [Self::SHORT, Self::LONG]
            .into_iter()
            .find_map(|length| Guess::parse(digits(length), text).ok())
            .map(|number| Self(number.expose().to_owned()))
            .ok_or(PairingNumberError)
    }

    /// Draws the numbers to try, in this order: one of six digits, then those of eight.
    pub fn candidates(rng: &mut dyn CryptoRng) -> Vec<Self> {
        let lengths = std::iter::once(Self::SHORT).chain([Self::LONG; Self::SPARE]);
        lengths.map(|length| Self::draw(length, rng)).collect()
    }

    fn draw(length: u8, rng: &mut dyn CryptoRng) -> Self {
        Self(TempCode::draw(digits(length), rng).expose().to_owned())
    }

    /// The number as ASCII digits, for the user, the agent and the store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PairingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingNumber([redacted])")
    }
}

/// An open pairing: a journey that waits for a code, which an agent finds by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The journey.
    pub binding: Binding,
    /// The number is refused from this time on.
    pub expires_at: Timestamp,
    /// When the journey's session ends: no code for it may expire later.
    pub session_ends_at: Timestamp,
    /// What the agent can ask the caller about, encrypted: the store cannot read it.
    pub facts: Vec<u8>,
}

/// A journey for which a code may be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The journey.
    pub binding: Binding,
    /// When it ends: no code for it may live longer.
    pub session_ends_at: Timestamp,
}

/// How an issue names the journey that its code is for.
#[derive(Clone, Debug)]
pub enum ForJourney {
    /// By the number of its open pairing.
    Number(PairingNumber),
    /// As an earlier look found it: the number may have expired since.
    Known(Journey),
}

impl ForJourney {
    /// The number, if it has to be looked up.
    pub const fn number(&self) -> Option<&PairingNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::Known(_) => None,
        }
    }
}

fn digits(length: u8) -> Shape {
    Shape::new(length, Alphabet::Digits).expect("both lengths are lengths of codes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for text in
            ["123456", " 123 456 ", "123-456", "\u{661}\u{662}\u{663} \u{664}\u{665}\u{666}"]
        {
            assert_eq!(PairingNumber::parse(text).expect(text).expose(), "123456", "{text}");
        }
        assert_eq!(PairingNumber::parse("1234 5678").expect("eight digits").expose(), "12345678");
        for text in ["", "12345", "1234567", "123456789", "12345a", "123 45-"] {
            assert_eq!(PairingNumber::parse(text), Err(PairingNumberError), "{text}");
        }
    }

    #[test]
    fn neither_a_number_nor_a_binding_prints_itself() {
        let number = PairingNumber::parse("123456").expect("a number");
        let printed = format!("{number:?} {:?}", Binding::from_bytes([7; 16]));
        assert_eq!(printed, "PairingNumber([redacted]) Binding([redacted])");
    }

    proptest! {
        #[test]
        fn six_digits_are_tried_first_and_then_eight(seed: u64) {
            let drawn = PairingNumber::candidates(&mut StdRng::seed_from_u64(seed));
            let lengths: Vec<_> = drawn.iter().map(|number| number.expose().len()).collect();
            prop_assert_eq!(lengths, [6, 8, 8, 8]);
            for number in drawn {
                prop_assert_eq!(PairingNumber::parse(number.expose()), Ok(number));
            }
        }
    }
}
