//! The properties of characters that parsing needs, from the Unicode Character Database.

use icu_properties::props::{
    BidiControl, CanonicalCombiningClass, Dash, DefaultIgnorableCodePoint, GeneralCategory,
    JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Characters that show nothing although they are letters, marks or symbols: the Braille pattern
/// blank, fillers and blanks of three scripts, the null notehead.
const BLANKS: [char; 5] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{16fe4}', '\u{1d159}'];

/// What a Japanese keyboard gives for a hyphen: the prolonged sound mark.
const PROLONGED_SOUND_MARK: char = '\u{30fc}';

/// The ASCII digit of the same value, for a decimal digit of any script.
pub(crate) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let categories = CodePointMapData::<GeneralCategory>::new();
    let is_digit = |c: u32| categories.get32(c) == GeneralCategory::DecimalNumber;
    // Unicode encodes each set of digits as ten code points in a row, from zero to nine: sets that
    // touch do not disturb the count.
    let c = u32::from(c);
    let before = (0..c).rev().take_while(|&c| is_digit(c)).zip(0_u32..).count();
    let value = u32::try_from(before).ok()? % 10;
    is_digit(c).then(|| char::from_digit(value, 10))?
}

/// White space, and other characters that look like it.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || BLANKS.contains(&c)
}

/// A hyphen, a dash or a minus sign.
pub(crate) fn is_dash(c: char) -> bool {
    c == '-'
        || !c.is_ascii()
            && (CodePointSetData::new::<Dash>().contains(c) || c == PROLONGED_SOUND_MARK)
}

/// An opening or closing bracket, angle brackets included.
pub(crate) fn is_bracket(c: char) -> bool {
    use GeneralCategory::{ClosePunctuation, OpenPunctuation};
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(c, '<' | '>') || matches!(category, OpenPunctuation | ClosePunctuation)
}

/// A full stop or a comma.
pub(crate) const fn is_stop(c: char) -> bool {
    // In this order: ASCII, ideographic, Arabic, Devanagari.
    matches!(c, '.' | ',' | '\u{3002}' | '\u{3001}' | '\u{6d4}' | '\u{60c}' | '\u{964}')
}

/// A character that shows nothing of its own: default-ignorable, or one that turns the direction
/// of text.
pub(crate) fn is_ignorable(c: char) -> bool {
    !c.is_ascii()
        && (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || CodePointSetData::new::<BidiControl>().contains(c))
}

/// Whether `text` has a character that no identifier may have: a control or format character, a
/// default-ignorable one, a blank, or one that Unicode has not assigned, since its normal form is
/// not settled. White space is for the caller to judge. A joiner passes where RFC 5892, appendix A,
/// allows it, as RFC 8264 asks (`CONTEXTJ`): there it changes how its neighbours look.
pub(crate) fn has_unreadable(text: &str) -> bool {
    !text.is_ascii() && text.char_indices().any(|(at, c)| is_unreadable(text, at, c))
        || text.bytes().any(|b| b.is_ascii_control() && !b.is_ascii_whitespace())
}

fn is_unreadable(text: &str, at: usize, c: char) -> bool {
    use GeneralCategory::{Control, Format, Unassigned};
    if c.is_whitespace() {
        return false;
    }
    if matches!(c, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER) {
        return !is_joining(&text[..at], c, &text[at + c.len_utf8()..]);
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, Control | Format | Unassigned) || is_ignorable(c) || is_blank(c)
}

/// Whether a joiner has an effect between these texts: RFC 5892, appendices A.1 and A.2.
fn is_joining(before: &str, joiner: char, after: &str) -> bool {
    let class = |c| CodePointMapData::<CanonicalCombiningClass>::new().get(c);
    if before.chars().next_back().map(class) == Some(CanonicalCombiningClass::Virama) {
        return true;
    }
    let joining = |c| CodePointMapData::<JoiningType>::new().get(c);
    let is_seen = |&joining: &JoiningType| joining != JoiningType::Transparent;
    let left = before.chars().rev().map(joining).find(is_seen);
    let right = after.chars().map(joining).find(is_seen);
    joiner == ZERO_WIDTH_NON_JOINER
        && matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The zeros of Unicode 14, as another implementation of its database lists them.
    #[rustfmt::skip]
    pub(crate) const ZEROS: [u32; 66] = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
        0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
        0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
        0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
        0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
        0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
    ];

    /// Every character.
    pub(crate) fn all() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    #[test]
    fn a_digit_of_any_script_has_its_value() {
        for zero in ZEROS {
            for (c, expected) in (zero..).zip('0'..='9') {
                assert_eq!(char::from_u32(c).and_then(digit), Some(expected), "{c:#x}");
            }
        }
        let digits: Vec<char> = all().filter_map(digit).collect();
        assert!(digits.len() >= 10 * ZEROS.len());
        assert!(digits.chunks(10).all(|set| set.iter().copied().eq('0'..='9')));
    }

    #[test]
    fn a_joiner_passes_only_where_it_shows() {
        for (text, passes) in [
            // Persian, "I want": the letters on both sides would join.
            ("\u{646}\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}", true),
            // Sinhala, "Sri": after a virama.
            ("\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}", true),
            ("\u{915}\u{94d}\u{200c}\u{937}", true),
            ("a\u{200c}b", false),
            ("a\u{200d}b", false),
            ("\u{200c}", false),
            ("\u{200d}", false),
            ("\u{646}\u{200c}", false),
            ("\u{646}\u{200d}\u{645}", false),
            ("\u{627}\u{200c}\u{628}", false),
        ] {
            assert_eq!(has_unreadable(text), !passes, "{text:?}");
        }
    }
}
