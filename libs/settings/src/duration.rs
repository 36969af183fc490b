//! Durations as settings write them, such as `500ms` or `15s`.
//!
//! # Why not `humantime`
//! It reads `5M` as five months: a slip of the shift key would be accepted. It also reads sums such as
//! `1h 30m`, and years. Here a duration is one number and one unit.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number and a unit, such as 500ms, 15s or 5m")]
pub struct DurationError;

/// Parses a whole number with one of the units `ms`, `s`, `m` and `h`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u32 = count.parse().map_err(|_| DurationError)?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(60 * 60),
        _ => return Err(DurationError),
    };
    Ok(unit * count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        for text in ["", "5", "s", "1.5s", "-1s", "1 s", "99999999999s"] {
            assert_eq!(parse_duration(text), Err(DurationError), "{text:?}");
        }
    }
}
