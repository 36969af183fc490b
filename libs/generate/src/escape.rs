//! Texts of a journey inside the string literals and comments of generated code.
//!
//! Letters, digits and a few signs stay as they are; every other character becomes an escape of the target
//! language. So no text ends a literal or a comment, starts an interpolation, breaks a line or reorders
//! what a reader sees, wherever in a literal it stands.

use std::fmt::{Result, Write};

use askama::filters::Escaper;

/// A string literal of TypeScript.
#[derive(Clone, Copy)]
pub(crate) struct TypeScript;

/// Signs that mean nothing in a literal or a comment of any of the languages.
const PLAIN_SIGNS: &str = " -_.,:;!?@#&+=()";

/// Whether the character stands for itself. Alphanumeric characters are neither blank, nor combining
/// marks, nor controls of the direction of writing.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || PLAIN_SIGNS.contains(c)
}

impl Escaper for TypeScript {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> Result {
        text.chars().try_for_each(|c| match c {
            c if is_plain(c) => dest.write_char(c),
            c => write!(dest, "\\u{{{:x}}}", u32::from(c)),
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

    /// What TypeScript reads: characters, and escapes by number.
    fn read(literal: &str) -> String {
        let mut parts = literal.split("\\u{");
        let mut read = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (number, rest) = part.split_once('}').expect("a closing brace");
            let number = u32::from_str_radix(number, 16).expect("a number");
            read.push(char::from_u32(number).expect("a character"));
            read.push_str(rest);
        }
        read
    }

    proptest! {
        #[test]
        fn a_literal_reads_as_the_text_and_nothing_in_it_has_a_meaning(text in any::<String>()) {
            let literal = written(TypeScript, &text);
            prop_assert_eq!(read(&literal), text);
            let is_inert = |c: char| is_plain(c) || "\\{}".contains(c);
            prop_assert!(literal.chars().all(is_inert), "{}", literal);
        }
    }

    #[test]
    fn what_ends_or_interpolates_a_literal_is_escaped() {
        let text = "\"'`${a}\\(b)*/</script>\n\r\u{2028}\u{202e}\u{0}";
        let literal = written(TypeScript, text);
        assert!(!literal.contains(['"', '\'', '`', '$', '*', '/', '<', '\n', '\r']), "{literal}");
        assert!(literal.is_ascii(), "{literal}");
        assert_eq!(written(TypeScript, "Zurück 1"), "Zurück 1");
    }
}
