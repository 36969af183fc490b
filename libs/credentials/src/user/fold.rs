//! Normal forms and case folding, each idempotent.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// Unicode NFC. A text of ASCII alone is in it, as most identifiers are.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Full case folding that maps canonically equivalent texts to one (Unicode, definition D145).
pub(super) fn canonical_fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold(&text.nfd().collect::<String>()).nfc().collect()
}

/// Full case folding that also makes compatibility forms one (Unicode, definition D146).
pub(super) fn compatibility_fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let once: String = fold(&text.nfd().collect::<String>()).nfkd().collect();
    fold(&once).nfkc().collect()
}

fn fold(text: &str) -> Cow<'_, str> {
    CaseMapper::new().fold_string(text)
}
