//! What clients send for texts, and what is wrong with it.

/// An input that cannot be read: its name and the rule that it breaks, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {rule}")]
pub struct InputError {
    /// The input: a field of the request, `params.NAME`, or a form's field.
    pub name: String,
    /// What it must be.
    pub rule: String,
}

impl InputError {
    /// Names an input and the rule that it breaks.
    pub(crate) fn new(name: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { name: name.into(), rule: rule.into() }
    }
}

/// What a text must be where a client may send JSON of any kind.
pub(crate) const TEXT: &str = "must be a text, or a whole number from 0 to 2^53 - 1";

/// A whole number as text, where JSON carries it exactly: up to 2^53 - 1 (RFC 8259, section 6), and
/// without a sign. Zeros that led it are lost before it gets here: codes are better sent as texts.
pub(crate) fn whole_text(number: f64) -> Option<String> {
    const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
    let is_exact = number.is_sign_positive() && number.fract() == 0.0 && number <= MAX_EXACT;
    is_exact.then(|| format!("{number:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_text_only_where_it_is_exact() {
        for (number, expected) in [
            (0.0, Some("0")),
            (123_456.0, Some("123456")),
            (9_007_199_254_740_991.0, Some("9007199254740991")),
            (9_007_199_254_740_992.0, None),
            (1e300, None),
            (0.5, None),
            (-1.0, None),
            (-0.0, None),
            (f64::INFINITY, None),
            (f64::NAN, None),
        ] {
            assert_eq!(whole_text(number).as_deref(), expected, "{number}");
        }
    }
}
