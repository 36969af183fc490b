//! Durations as people write them: `90s`, `5m`, `24h`, `7d`.
//!
//! # Why not `humantime`
//! It reads `5M` as five months: a slip of the shift key would be accepted. It also reads milliseconds, which
//! a policy of whole seconds cannot keep, and sums such as `1h 30m`.

use std::time::Duration;

/// The units, the largest first.
const UNITS: [(char, u64); 4] = [('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// A text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number and a unit: `90s`, `5m`, `24h` or `7d`")]
pub(crate) struct DurationError;

/// Parses a duration.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)));
    let (number, seconds) = unit.ok_or(DurationError)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError);
    }
    let number: u64 = number.parse().map_err(|_| DurationError)?;
    number.checked_mul(*seconds).map(Duration::from_secs).ok_or(DurationError)
}

/// Writes a duration of whole seconds in the largest unit that needs no fraction.
pub(crate) fn to_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |(_, of): &&(char, u64)| seconds >= *of && seconds.is_multiple_of(*of);
    let (unit, of) = UNITS.iter().find(fits).unwrap_or(&('s', 1));
    format!("{}{unit}", seconds / of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "5",
            "5 m",
            "+5m",
            "-5m",
            "1.5h",
            "5ms",
            "5M",
            "1h30m",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["0s", "90s", "5m", "7d", "61m"] {
            assert_eq!(to_text(parse(text).expect("a duration")), text);
        }
        assert_eq!(to_text(Duration::from_secs(86_400)), "1d");
    }
}
