//! The temporary access code, from the draw to the guess. Neither type can print itself.

use std::fmt;
use std::ops::RangeInclusive;

use rand::{CryptoRng, RngExt as _};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The characters that codes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// The 32 digits and capitals left when I, L, O and U, which are taken for others, are not used.
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

/// What the codes of a policy look like.
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
}

/// A code as it is handed out, once. Wiped from memory when dropped.
pub struct TempCode(Zeroizing<String>);

impl TempCode {
    /// Draws a code: each character independently and, with `rand`'s unbiased sampling, each with
    /// exactly the same chance.
    pub fn draw(shape: Shape, rng: &mut dyn CryptoRng) -> Self {
        let characters = shape.alphabet.characters();
        let mut draw = || char::from(characters[rng.random_range(0..characters.len())]);
        Self(Zeroizing::new((0..shape.length).map(|_| draw()).collect()))
    }

    /// The code in clear, for the one reply that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The right guess at this code.
    pub fn to_guess(&self) -> Guess {
        Guess(self.0.clone())
    }
}

impl fmt::Debug for TempCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TempCode([redacted])")
    }
}

/// Why a text is no guess at all. Depends on the text alone, never on a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuessError {
    /// Nothing is left after normalising.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("must be at most {} bytes long", Guess::MAX_BYTES)]
    TooLong,
}

/// A code as somebody typed it, in canonical form. A guess of another shape than the policy's is
/// an ordinary wrong guess. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Guess(Zeroizing<String>);

impl Guess {
    /// The longest guess, in bytes after normalising.
    pub const MAX_BYTES: usize = 64;

    /// Normalises what was typed: compatibility forms (such as full-width digits) become plain,
    /// white space and dashes go, letters become capitals, and the letters that no code has become
    /// the digits they look like.
    pub fn parse(text: &str) -> Result<Self, GuessError> {
        // Normalising can shorten a text, so this bound is only against absurd input.
        if text.len() > 16 * Self::MAX_BYTES {
            return Err(GuessError::TooLong);
        }
        let plain = |c: char| {
            let is_of_it = !c.is_whitespace() && !is_dash(c);
            is_of_it.then(|| unlike(c.to_ascii_uppercase()))
        };
        let mut guess = Zeroizing::new(String::with_capacity(text.len()));
        if text.is_ascii() {
            // Each compatibility form is its own: as most guesses are.
            guess.extend(text.chars().filter_map(plain));
        } else {
            guess.extend(text.nfkc().filter_map(plain).nfkc());
        }
        match guess.len() {
            0 => Err(GuessError::Empty),
            length if length > Self::MAX_BYTES => Err(GuessError::TooLong),
            _ => Ok(Self(guess)),
        }
    }

    /// The guess in clear, for its digest.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guess([redacted])")
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{200b}'..='\u{200d}' | '\u{feff}')
}

/// The digit that a letter outside the alphabets is taken for.
const fn unlike(c: char) -> char {
    match c {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn guess(text: &str) -> String {
        Guess::parse(text).expect(text).expose().to_owned()
    }

    #[test]
    fn what_people_type_becomes_the_code() {
        for text in ["123456", " 123 456\n", "123-456", "１２３４５６", "I23456", "l2\u{2013}3456"]
        {
            assert_eq!(guess(text), "123456", "{text:?}");
        }
        assert_eq!(guess("ab0o-xyz"), "AB00XYZ");
    }

    #[test]
    fn an_empty_or_oversized_guess_is_malformed() {
        assert_eq!(Guess::parse(" - ").err(), Some(GuessError::Empty));
        assert_eq!(Guess::parse(&"1".repeat(65)).err(), Some(GuessError::TooLong));
        assert_eq!(Guess::parse(&"1".repeat(1_000_000)).err(), Some(GuessError::TooLong));
        assert!(Guess::parse(&"1".repeat(64)).is_ok());
    }

    #[test]
    fn nothing_that_holds_a_code_prints_it() {
        let code = TempCode::draw(
            Shape::new(6, Alphabet::Digits).expect("valid"),
            &mut StdRng::seed_from_u64(1),
        );
        assert_eq!(
            format!("{code:?} {:?}", code.to_guess()),
            "TempCode([redacted]) Guess([redacted])"
        );
    }

    #[expect(clippy::cast_precision_loss, reason = "an alphabet has at most 32 characters")]
    /// Chi-square against the uniform distribution; the bound is the 99.9th percentile.
    #[test]
    fn every_character_is_as_likely_as_any_other() {
        let mut rng = StdRng::seed_from_u64(7);
        for (alphabet, bound) in [(Alphabet::Digits, 27.9), (Alphabet::Base32, 61.1)] {
            for length in Shape::LENGTHS {
                let shape = Shape::new(length, alphabet).expect("valid");
                let mut seen = [0_u32; 256];
                for _ in 0..20_000 {
                    TempCode::draw(shape, &mut rng)
                        .expose()
                        .bytes()
                        .for_each(|b| seen[usize::from(b)] += 1);
                }
                let characters = alphabet.characters();
                let expected = 20_000.0 * f64::from(length) / characters.len() as f64;
                let off = |&b: &u8| (f64::from(seen[usize::from(b)]) - expected).powi(2) / expected;
                let chi_square: f64 = characters.iter().map(off).sum();
                assert!(chi_square < bound, "{alphabet:?} of {length}: {chi_square}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_drawn_code_is_its_own_normal_form(seed: u64, length in Shape::LENGTHS, digits: bool) {
            let alphabet = if digits { Alphabet::Digits } else { Alphabet::Base32 };
            let shape = Shape::new(length, alphabet).expect("valid");
            let code = TempCode::draw(shape, &mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(code.expose().len(), usize::from(length));
            prop_assert_eq!(guess(code.expose()), code.expose());
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,60}") {
            if let Ok(once) = Guess::parse(&text) {
                prop_assert_eq!(guess(once.expose()), once.expose());
            }
        }
    }
}
