//! Durations as people write them: a whole number and a unit, such as `90s`, `5m` or `7d`.
//!
//! # Why not `humantime`
//! It reads `5M` as five months, so that a slip of the shift key is accepted. It also reads years and
//! sums such as `1h 30m`.

use std::time::Duration;

/// The units in milliseconds, the largest first.
const UNITS: [(&str, u64); 5] =
    [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];

/// The units that a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// `ms`, `s`, `m` and `h`, for timeouts.
    MillisecondsToHours,
    /// `s`, `m`, `h` and `d`, for lifetimes.
    SecondsToDays,
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A text of [`Units::MillisecondsToHours`] was wanted.
    #[error("must be a whole number and a unit: `500ms`, `15s`, `5m` or `2h`")]
    NotMillisecondsToHours,
    /// A text of [`Units::SecondsToDays`] was wanted.
    #[error("must be a whole number and a unit: `90s`, `5m`, `24h` or `7d`")]
    NotSecondsToDays,
}

impl Units {
    fn table(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::MillisecondsToHours => &UNITS[1..],
            Self::SecondsToDays => &UNITS[..4],
        }
    }

    const fn error(self) -> DurationError {
        match self {
            Self::MillisecondsToHours => DurationError::NotMillisecondsToHours,
            Self::SecondsToDays => DurationError::NotSecondsToDays,
        }
    }
}

/// Parses a whole number below 2^32 with one of the units.
///
/// # Errors
/// Any other text; the variant names the units.
pub fn parse(text: &str, units: Units) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let millis = units.table().iter().find(|(name, _)| *name == unit).map(|(_, millis)| millis);
    let parsed = count.parse::<u32>().ok().zip(millis);
    let (count, millis) = parsed.ok_or(units.error())?;
    Ok(Duration::from_millis(u64::from(count) * millis))
}

/// Writes a duration of whole seconds in the largest unit that needs no fraction.
pub fn to_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |(_, millis): &&(&str, u64)| {
        let unit = millis / 1000;
        seconds >= unit && seconds.is_multiple_of(unit)
    };
    let (unit, millis) = Units::SecondsToDays.table().iter().find(fits).unwrap_or(&("s", 1000));
    format!("{}{unit}", seconds / (millis / 1000))
}

#[cfg(test)]
mod tests {
    use super::Units::{MillisecondsToHours, SecondsToDays};
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("24h", 86_400)] {
            for units in [MillisecondsToHours, SecondsToDays] {
                assert_eq!(parse(text, units), Ok(Duration::from_secs(seconds)), "{text}");
            }
        }
        assert_eq!(parse("500ms", MillisecondsToHours), Ok(Duration::from_millis(500)));
        assert_eq!(parse("7d", SecondsToDays), Ok(Duration::from_secs(604_800)));
        let longest = Duration::from_secs(u64::from(u32::MAX) * 86_400);
        assert_eq!(parse("4294967295d", SecondsToDays), Ok(longest));
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in [
            "",
            "s",
            "5",
            "5 m",
            "+5m",
            "-5m",
            "1.5h",
            "5M",
            "1h30m",
            "\u{665}m",
            "4294967296s",
            "99999999999999999999s",
        ] {
            for units in [MillisecondsToHours, SecondsToDays] {
                assert_eq!(parse(text, units), Err(units.error()), "{text}");
            }
        }
        assert_eq!(parse("5ms", SecondsToDays), Err(DurationError::NotSecondsToDays));
        assert_eq!(parse("5d", MillisecondsToHours), Err(DurationError::NotMillisecondsToHours));
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["0s", "90s", "5m", "7d", "61m"] {
            assert_eq!(to_text(parse(text, SecondsToDays).expect("a duration")), text);
        }
        assert_eq!(to_text(Duration::from_secs(86_400)), "1d");
    }
}
