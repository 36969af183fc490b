//! How the users of an application reach support, as the recovery page tells them.

use yaml::{Node, Notes};

/// The longest telephone number, in characters: ITU-T E.164 has 15 digits, and people group them.
const MAX_PHONE: usize = 40;

/// The longest hint, in characters.
const MAX_HINT: usize = 300;

/// How the users of an application reach support.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Support {
    /// The telephone number, as people read it.
    pub phone: Option<String>,
    /// What else a caller should know: opening hours, or what to have at hand.
    pub hint: Option<String>,
}

/// Reads `support_phone` and `support_hint`. `None` if one of them is wrong, which is noted.
pub(crate) fn read(notes: &mut Notes, [phone, hint]: [Option<&Node>; 2]) -> Option<Support> {
    let mut text = |node: Option<&Node>, key: &str, is_valid: fn(&str) -> bool, rule: String| {
        let Some(node) = node else { return Some(None) };
        let text = notes.text(node, key)?;
        if !is_valid(text) {
            notes.add(node.line, format!("{key} must be {rule}"));
            return None;
        }
        Some(Some(text.to_owned()))
    };
    let rule = format!(
        "digits, which `+`, `(`, `)`, `-`, `.`, `/` and blanks may group, at most {MAX_PHONE} characters"
    );
    let phone = text(phone, "support_phone", is_phone, rule);
    let rule = format!("a text of at most {MAX_HINT} characters");
    let hint = text(hint, "support_hint", is_hint, rule);
    Some(Support { phone: phone?, hint: hint? })
}

fn is_phone(text: &str) -> bool {
    let is_known = |b: u8| b.is_ascii_digit() || b"+()-./ ".contains(&b);
    text.len() <= MAX_PHONE
        && text.bytes().all(is_known)
        && text.bytes().any(|b| b.is_ascii_digit())
}

fn is_hint(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_HINT
}
