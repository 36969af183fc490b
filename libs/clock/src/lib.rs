//! Time as a value: [`Timestamp`], and the [`Clock`] that reads it.
//!
//! This crate is the only place that reads the system's time. Rules elsewhere take `now` as a
//! parameter. Code that has to read the time holds an `Arc<dyn Clock>`, so tests control the time.

pub mod duration;

use std::fmt;
use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant: whole milliseconds since the Unix epoch, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `milliseconds` after the Unix epoch.
    pub const fn from_unix_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: what `NumericDate` (RFC 7519, section 2) holds.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The distance between two instants, in either order.
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, in UTC, with milliseconds: `2026-01-31T08:30:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, in_day) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_date(days);
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, milli) = (in_day / 1000 % 60, in_day % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

/// Year, month and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years that begin on 1 March, so that a leap day is the last of its year.
const fn civil_date(days: i64) -> (i64, i64, i64) {
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let day_of_era = from_march.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Reads the time.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The time since the Unix epoch, as precisely as the system knows it: for the log, and for libraries
    /// that have a type of their own. Zero before the epoch: a clock that wrong is caught by the
    /// skew guard.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the time")]
    pub fn since_epoch() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::default() + Self::since_epoch()
    }
}

/// A clock that never goes back: while the underlying clock shows an earlier time, it stands still.
pub struct Monotonic {
    clock: Arc<dyn Clock>,
    latest_ms: AtomicI64,
}

impl Monotonic {
    /// A monotonic clock over `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, latest_ms: AtomicI64::new(i64::MIN) }
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let latest = self.latest_ms.fetch_max(now.unix_millis(), Ordering::SeqCst);
        now.max(Timestamp(latest))
    }
}

/// A clock that changes only when a test sets it.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// A clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.unix_millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.unix_millis(), Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    /// Shows 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_unix_millis(1_767_225_600_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (2_147_483_648_123, "2038-01-19T03:14:08.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_unix_millis(milliseconds).to_string(), text);
        }
    }

    #[test]
    fn time_never_overflows() {
        let end = Timestamp::from_unix_millis(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }

    #[test]
    fn a_monotonic_clock_stands_still_while_the_underlying_clock_goes_back() {
        let behind = Arc::new(FakeClock::default());
        let start = behind.now();
        let clock = Monotonic::new(behind.clone());
        let mut seen = Vec::new();
        for seconds in [10, 5, 0, 10, 11] {
            behind.set(start + Duration::from_secs(seconds));
            seen.push(clock.now().since(start).as_secs());
        }
        assert_eq!(seen, [10, 10, 10, 10, 11]);
    }

    #[test]
    fn a_fake_clock_changes_only_when_told_to() {
        let clock = FakeClock::default();
        let start = clock.now();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().since(start), Duration::from_millis(1500));
    }
}
