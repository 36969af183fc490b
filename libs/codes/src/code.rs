//! The temporary access code, and what codes look like. A code cannot print itself.

use std::fmt;
use std::ops::RangeInclusive;

use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use crate::guess::Guess;

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
        Guess::from_code(self.0.clone())
    }
}

impl fmt::Debug for TempCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TempCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

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
}
