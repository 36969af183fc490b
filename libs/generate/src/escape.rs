//! Texts of a journey inside the string literals and comments of generated code.
//!
//! Letters, digits and a few signs stay as they are; every other character becomes an escape of the target
//! language. So no text ends a literal or a comment, starts an interpolation, breaks a line or reorders
//! what a reader sees, wherever in a literal it stands.

use std::fmt::{Result, Write};

use askama::filters::Escaper;

/// A string literal of TypeScript or Swift.
#[derive(Clone, Copy)]
pub(crate) struct Braced;

/// A string literal of Kotlin.
#[derive(Clone, Copy)]
pub(crate) struct Kotlin;

/// Signs that mean nothing in a literal or a comment of any of the languages.
const PLAIN_SIGNS: &str = " -_.,:;!?@#&+=()";

/// Whether the character stands for itself. Alphanumeric characters are neither blanks nor controls of
/// the direction of writing.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || PLAIN_SIGNS.contains(c)
}

fn escape(
    mut dest: impl Write,
    text: &str,
    escaped: impl Fn(&mut dyn Write, char) -> Result,
) -> Result {
    for c in text.chars() {
        if is_plain(c) { dest.write_char(c)? } else { escaped(&mut dest, c)? }
    }
    Ok(())
}

impl Escaper for Braced {
    /// By the number of the character.
    fn write_escaped_str<W: Write>(&self, dest: W, text: &str) -> Result {
        escape(dest, text, |dest, c| write!(dest, "\\u{{{:x}}}", u32::from(c)))
    }
}

impl Escaper for Kotlin {
    /// By UTF-16 code units, which is what Kotlin's escapes name.
    fn write_escaped_str<W: Write>(&self, dest: W, text: &str) -> Result {
        escape(dest, text, |dest, c| {
            c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(dest, "\\u{unit:04x}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(escaper: impl Escaper, text: &str) -> String {
        let mut written = String::new();
        escaper.write_escaped_str(&mut written, text).expect("a string takes everything");
        written
    }

    /// What the languages read: characters, and escapes by number, in braces or of four digits.
    fn read(literal: &str) -> String {
        let mut units = Vec::new();
        let mut rest = literal;
        while let Some(c) = rest.chars().next() {
            let number = |digits: &str| u32::from_str_radix(digits, 16).expect("hexadecimal");
            if let Some(braced) = rest.strip_prefix("\\u{") {
                let (digits, after) = braced.split_once('}').expect("a closing brace");
                let c = char::from_u32(number(digits)).expect("a character");
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                rest = after;
            } else if let Some(plain) = rest.strip_prefix("\\u") {
                units.push(u16::try_from(number(&plain[..4])).expect("four digits"));
                rest = &plain[4..];
            } else {
                assert!(c.is_alphanumeric() || PLAIN_SIGNS.contains(c), "{c:?} stands bare");
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                rest = &rest[c.len_utf8()..];
            }
        }
        String::from_utf16(&units).expect("UTF-16")
    }

    proptest! {
        #[test]
        fn a_literal_reads_as_the_text_and_nothing_in_it_has_a_meaning(text in any::<String>()) {
            prop_assert_eq!(read(&written(Braced, &text)), text.as_str());
            prop_assert_eq!(read(&written(Kotlin, &text)), text.as_str());
        }
    }

    #[test]
    fn what_ends_or_interpolates_a_literal_is_escaped() {
        let text = "\"'`${a}\\(b)*/</script>\n\r\u{2028}\u{202e}\u{0}";
        for literal in [written(Braced, text), written(Kotlin, text)] {
            assert!(
                !literal.contains(['"', '\'', '`', '$', '*', '/', '<', '\n', '\r']),
                "{literal}"
            );
            assert!(!literal.contains("\\("), "{literal}");
            assert!(literal.is_ascii(), "{literal}");
            assert_eq!(read(&literal), text);
        }
        assert_eq!(written(Braced, "Zurück 1"), "Zurück 1");
        assert_eq!(written(Kotlin, "😀"), "\\ud83d\\ude00");
    }
}
