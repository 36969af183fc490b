//! A typed code, in canonical form or refused.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::characters::{digit, is_blank, is_bracket, is_dash, is_ignorable, is_stop};
use crate::shape::Shape;

/// The longest text that is read, in bytes: generous, since most of it may be dropped.
const MAX_TYPED_BYTES: usize = 1024;

/// The longest text that may be left of it, in bytes: the label, twelve characters, a full stop.
const MAX_KEPT_BYTES: usize = 32;

/// The labels that people copy along with a code, in capitals.
const LABEL: &str = "CODE:";

/// Why a text can be no code. Depends on the text and the policy alone, never on a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuessError {
    /// Nothing is left after normalising.
    #[error("must not be empty")]
    Empty,
    /// Another length than that of the policy's codes, or characters that they do not have.
    #[error("must be a code of {0}")]
    Shape(Shape),
}

/// A typed code in canonical form: one that the policy could have drawn. Wiped from
/// memory when dropped.
#[derive(Clone)]
pub struct Guess(Zeroizing<String>);

impl Guess {
    /// Normalises the typed text, and refuses a text that cannot be a code of that shape.
    ///
    /// - Compatibility forms, such as full-width digits, become plain (Unicode NFKC).
    /// - White space, dashes, brackets, default-ignorable characters and bidi controls go.
    /// - A leading `Code:`, in any case, and one trailing full stop or comma go.
    /// - A decimal digit of any script becomes the ASCII digit of its value.
    /// - Letters become capitals. No code has I, L and O: they become the digits that they look like.
    ///
    /// # Errors
    /// [`GuessError::Empty`] if nothing remains; [`GuessError::Shape`] for any other text that is
    /// no code of `shape`.
    pub fn parse(shape: Shape, text: &str) -> Result<Self, GuessError> {
        if text.len() > MAX_TYPED_BYTES {
            return Err(GuessError::Shape(shape));
        }
        // Never reallocated: the memory of a former buffer would not be wiped.
        let mut kept = Zeroizing::new(String::with_capacity(MAX_KEPT_BYTES));
        for c in text.nfkc().filter(|&c| !is_dropped(c)) {
            let c = digit(c).unwrap_or_else(|| c.to_ascii_uppercase());
            if kept.len() + c.len_utf8() > MAX_KEPT_BYTES {
                return Err(GuessError::Shape(shape));
            }
            kept.push(c);
        }
        let code = kept.strip_prefix(LABEL).unwrap_or(&kept);
        let code = code.strip_suffix(is_stop).unwrap_or(code);
        if code.is_empty() {
            return Err(GuessError::Empty);
        }
        let mut guess = Zeroizing::new(String::with_capacity(MAX_KEPT_BYTES));
        guess.extend(code.chars().map(unlike));
        if shape.admits(&guess) { Ok(Self(guess)) } else { Err(GuessError::Shape(shape)) }
    }

    /// The right guess at a code.
    pub(crate) const fn from_code(code: Zeroizing<String>) -> Self {
        Self(code)
    }

    /// The guess in clear, for its digest.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guess([redacted])")
    }
}

fn is_dropped(c: char) -> bool {
    is_blank(c) || is_dash(c) || is_ignorable(c) || is_bracket(c)
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
    use icu_properties::CodePointSetData;
    use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint};
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::characters::tests::all;
    use crate::code::TempCode;
    use crate::shape::Alphabet;

    fn digits(length: u8) -> Shape {
        Shape::new(length, Alphabet::Digits).expect("a length")
    }

    fn base32(length: u8) -> Shape {
        Shape::new(length, Alphabet::Base32).expect("a length")
    }

    fn guess(shape: Shape, text: &str) -> String {
        Guess::parse(shape, text).expect(text).expose().to_owned()
    }

    #[test]
    fn what_people_type_becomes_the_code() {
        for text in [
            "123456",
            " 123 456\n",
            "123-456",
            "123\u{2013}456",
            "123\u{30fc}456",
            "123\u{a0}456",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "\u{967}\u{968}\u{969} \u{96a}\u{96b}\u{96c}\u{964}",
            "I23456",
            "l2\u{2013}3456",
            "123456.",
            "123456,",
            "123456\u{3002}",
            "(123456)",
            "[123456].",
            "<123 456>",
            "\u{300c}123456\u{300d}",
            "Code: 123456",
            "CODE\u{ff1a}123456.",
            "[code:123-456]",
            "\u{feff}123456\u{200b}",
            "\u{202a}123456\u{202c}",
            "1\u{34f}2\u{fe0f}3\u{ad}4\u{2060}5\u{e0100}6",
            "12345\u{2800}6",
        ] {
            assert_eq!(guess(digits(6), text), "123456", "{text:?}");
        }
        assert_eq!(guess(base32(7), "ab0o-xyz"), "AB00XYZ");
        assert_eq!(guess(base32(8), "code: c0de-c0de"), "C0DEC0DE");
    }

    #[test]
    fn what_can_be_no_code_of_the_policy_is_refused() {
        let wrong = |shape| Some(GuessError::Shape(shape));
        for text in [
            "12345",
            "1234567",
            "12345A",
            "123456..",
            "123456.,",
            "1.23456",
            "12345U",
            "pin 123456",
            "Code 123456",
            "Code: Code: 123456",
            "123456\0",
            "+123456",
            "12345\u{bd}",
            "\u{2166}",
        ] {
            assert_eq!(Guess::parse(digits(6), text).err(), wrong(digits(6)), "{text:?}");
        }
        assert_eq!(Guess::parse(base32(6), "12345U").err(), wrong(base32(6)));
        assert_eq!(Guess::parse(digits(6), &"1".repeat(1_000_000)).err(), wrong(digits(6)));
        for text in ["", " - ", "Code: ", "()", "."] {
            assert_eq!(Guess::parse(digits(6), text).err(), Some(GuessError::Empty), "{text:?}");
        }
        assert_eq!(GuessError::Shape(digits(6)).to_string(), "must be a code of 6 digits");
    }

    #[test]
    fn every_decimal_digit_of_unicode_counts_as_its_value() {
        let mut seen = 0;
        for (c, value) in all().filter_map(|c| Some((c, digit(c)?))) {
            let text = String::from(c).repeat(6);
            assert_eq!(guess(digits(6), &text), String::from(value).repeat(6), "{c:?}");
            seen += 1;
        }
        assert!(seen >= 660, "Unicode 14 had as many");
    }

    #[test]
    fn every_ignorable_character_and_bidi_control_is_dropped() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let bidi = CodePointSetData::new::<BidiControl>();
        let mut seen = 0;
        for c in all().filter(|&c| ignorable.contains(c) || bidi.contains(c)) {
            assert_eq!(guess(digits(6), &format!("{c}123{c}456{c}")), "123456", "{c:?}");
            seen += 1;
        }
        assert!(seen >= 4000, "the tags and variation selectors alone are as many");
    }

    proptest! {
        #[test]
        fn a_drawn_code_is_its_own_normal_form(seed: u64, length in Shape::LENGTHS, is_digits: bool) {
            let shape = if is_digits { digits(length) } else { base32(length) };
            let code = TempCode::draw(shape, &mut StdRng::seed_from_u64(seed));
            prop_assert_eq!(code.expose().len(), usize::from(length));
            prop_assert_eq!(guess(shape, code.expose()), code.expose());
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "(\\PC|[0-9a-zA-Z .,:-]){0,20}", length in Shape::LENGTHS) {
            if let Ok(once) = Guess::parse(base32(length), &text) {
                prop_assert_eq!(guess(base32(length), once.expose()), once.expose());
            }
        }
    }
}
