//! The temporary access code, from the draw to the one reply that carries it. It cannot print itself.

use std::fmt;

use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use crate::guess::Guess;
use crate::shape::Shape;

/// A code as it is handed out, once. Wiped from memory when dropped.
pub struct TempCode(Zeroizing<String>);

impl TempCode {
    /// Draws a code: each character independently and, with `rand`'s unbiased sampling, each with
    /// exactly the same chance.
    pub fn draw(shape: Shape, rng: &mut dyn CryptoRng) -> Self {
        let characters = shape.alphabet().characters();
        let mut draw = || char::from(characters[rng.random_range(0..characters.len())]);
        Self(Zeroizing::new((0..shape.length()).map(|_| draw()).collect()))
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
    use crate::shape::Alphabet;

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
