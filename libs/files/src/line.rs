//! The one line of a file with a password or a client's secret.
//!
//! # Why strictly
//! A character that an editor or a shell adds invisibly becomes part of the secret: every login is then
//! refused for no visible reason.

/// The byte order mark of UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Why a text is not one line. Holds no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is in another encoding.
    #[error("1: must be UTF-8")]
    Encoding,
    /// It begins as UTF-16 does, as PowerShell writes it.
    #[error("1: must be UTF-8, and looks like UTF-16: save it as UTF-8")]
    Utf16,
    /// It is empty.
    #[error("1: must not be empty")]
    Empty,
    /// There is more than one line.
    #[error("2: must be one line: remove what follows the first line")]
    SecondLine,
    /// A blank stands before or after it.
    #[error("1: must not begin or end with white space")]
    Blank,
    /// It holds a character that cannot be typed.
    #[error("1: must not hold a control character")]
    Control,
}

/// A text without its byte order mark.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// The one line that a file holds, without a byte order mark and the newline that ends it. An error
/// begins with the number of the line that is wrong.
///
/// # Errors
/// No UTF-8, an empty file, a second line, a blank at either end, or a control character.
pub fn line(content: &[u8]) -> Result<&str, LineError> {
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        return Err(LineError::Utf16);
    }
    let text = std::str::from_utf8(without_mark(content)).map_err(|_| LineError::Encoding)?;
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains(['\n', '\r']) {
        return Err(LineError::SecondLine);
    }
    if line.is_empty() {
        return Err(LineError::Empty);
    }
    if line.trim() != line {
        return Err(LineError::Blank);
    }
    if line.chars().any(char::is_control) {
        return Err(LineError::Control);
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_mark_and_its_newline() {
        for content in
            ["hunter2", "hunter2\n", "hunter2\r\n", "\u{feff}hunter2", "\u{feff}hunter2\r\n"]
        {
            assert_eq!(line(content.as_bytes()), Ok("hunter2"), "{content:?}");
        }
        assert_eq!(line("correct horse ñ".as_bytes()), Ok("correct horse ñ"));
    }

    #[test]
    fn what_else_a_file_may_hold_is_refused() {
        for (content, error) in [
            (&b""[..], LineError::Empty),
            (b"\n", LineError::Empty),
            (b"\xef\xbb\xbf\n", LineError::Empty),
            (b"hunter2\n\n", LineError::SecondLine),
            (b"hunter2\nhunter3\n", LineError::SecondLine),
            (b"hunter2\r", LineError::SecondLine),
            (b"\nhunter2", LineError::SecondLine),
            (b" hunter2", LineError::Blank),
            (b"hunter2 \n", LineError::Blank),
            (b"hunter2\t\n", LineError::Blank),
            ("hunter2\u{a0}".as_bytes(), LineError::Blank),
            (b"hun\0ter2", LineError::Control),
            (b"hun\tter2", LineError::Control),
            (b"hun\x1bter2", LineError::Control),
            ("hun\u{85}ter2".as_bytes(), LineError::Control),
            (b"hunt\xe9r2", LineError::Encoding),
            (b"\xff\xfeh\0u\0", LineError::Utf16),
        ] {
            assert_eq!(line(content), Err(error), "{content:?}");
        }
        assert!(LineError::SecondLine.to_string().starts_with("2: "));
    }
}
