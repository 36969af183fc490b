//! Phone numbers in ITU-T E.164's international form.
//!
//! Postern has no numbering plans. It refuses a text that only a plan could read, such as a trunk zero in
//! `+49 (0)30` or an extension: one number must not be two users.

use unicode_normalization::UnicodeNormalization as _;

use crate::characters::{digit, is_dash};

/// The canonical form: `+` and 7 to 15 digits. `None` if `text` is no such number.
pub(super) fn parse(text: &str) -> Option<String> {
    let plain: String = text.nfkc().map(|c| digit(c).unwrap_or(c)).collect();
    let written = plain.strip_prefix('+')?;
    if !are_parentheses_paired(written) || has_trunk_zero(written) {
        return None;
    }
    let is_written = |&c: &char| !is_separator(c) && !matches!(c, '(' | ')');
    let digits: String = written.chars().filter(is_written).collect();
    let is_valid = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    is_valid.then(|| format!("+{digits}"))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || is_dash(c) || matches!(c, '.' | '/')
}

/// Whether every parenthesis has its partner, with digits between and no other inside.
fn are_parentheses_paired(text: &str) -> bool {
    let mut groups = text.split('(');
    let before = groups.next().unwrap_or_default();
    !before.contains(')')
        && groups.all(|group| match group.split_once(')') {
            Some((inside, after)) => {
                inside.contains(|c: char| c.is_ascii_digit()) && !after.contains(')')
            }
            None => false,
        })
}

/// Whether there is a zero that is dialled within a country alone: in parentheses, or by itself.
fn has_trunk_zero(text: &str) -> bool {
    let in_parentheses = |group: &str| {
        group.trim_start_matches(is_separator).starts_with('0') && group.contains(')')
    };
    let is_alone = |group: &str| group == "0";
    text.split('(').skip(1).any(in_parentheses)
        || text.split(|c| is_separator(c) || matches!(c, '(' | ')')).any(is_alone)
}
