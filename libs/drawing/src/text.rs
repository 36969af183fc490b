//! Texts of a journey inside a drawing.

/// The most columns of a line in a box.
pub(crate) const COLUMNS: usize = 36;

/// The columns that a text takes in a monospaced font. Wide characters take two.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The text on one line of a box: shortened where it is too long.
pub(crate) fn shortened(text: &str) -> String {
    if columns(text) <= COLUMNS {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut taken = 1; // the ellipsis
    for c in text.chars() {
        taken += width(c);
        if taken > COLUMNS {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// The text as XML. What XML excludes, breaks the line, or reorders other characters is replaced.
pub(crate) fn xml(text: &str) -> String {
    escaped(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// The text with the replacements of `escape`, and without characters that only disturb a line.
pub(crate) fn escaped(text: &str, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match escape(c) {
            Some(entity) => out.push_str(entity),
            None if is_plain(c) => out.push(c),
            None => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

/// A number with at most one decimal.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let whole = text.strip_suffix(".0");
    whole.map(str::to_owned).unwrap_or(text)
}

fn width(c: char) -> usize {
    if c >= '\u{1100}' { 2 } else { 1 }
}

fn is_plain(c: char) -> bool {
    let reorders =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}');
    !c.is_control() && !reorders && !breaks
}
