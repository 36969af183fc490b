//! How long an attempt to connect may take, and the pause after it.
//!
//! Limits that are shorter than a busy server's TLS handshake make it start over at every attempt, and
//! the handshakes that were given up keep it busy. So an attempt that was late doubles both times.

use std::time::Duration;

use crate::server::CONNECT_TIMEOUT;

/// The first limit for a whole attempt: sentinels, server, greeting and checks.
const PATIENCE: Duration = Duration::from_secs(1);

/// The first pause between attempts while Redis is down.
const TRY_EVERY: Duration = Duration::from_millis(100);

/// How often the times double: up to a pause of 0.8 s, and 2 s for one connection.
const MOST_DOUBLINGS: u32 = 3;

/// The times of the next attempt.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    doublings: u32,
}

impl Pace {
    /// The limit for one connection, its TLS handshake included.
    pub(crate) fn connection(self) -> Duration {
        self.doubled(CONNECT_TIMEOUT)
    }

    /// The limit for the whole attempt.
    pub(crate) fn attempt(self) -> Duration {
        self.doubled(PATIENCE)
    }

    /// The pause before the next attempt.
    pub(crate) fn pause(self) -> Duration {
        self.doubled(TRY_EVERY)
    }

    /// The times after a failed attempt of that duration.
    pub(crate) fn after(self, took: Duration) -> Self {
        let is_late = took >= self.connection();
        Self { doublings: if is_late { (self.doublings + 1).min(MOST_DOUBLINGS) } else { 0 } }
    }

    fn doubled(self, first: Duration) -> Duration {
        first * (1 << self.doublings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_attempts_double_the_times_up_to_a_limit_and_a_quick_one_resets_them() {
        let mut pace = Pace::default();
        for (connection, pause) in [(250, 100), (500, 200), (1000, 400), (2000, 800), (2000, 800)] {
            assert_eq!(pace.connection(), Duration::from_millis(connection));
            assert_eq!(pace.pause(), Duration::from_millis(pause));
            assert_eq!(pace.attempt(), 4 * pace.connection());
            pace = pace.after(pace.connection());
        }
        assert_eq!(pace.after(Duration::from_millis(1)).pause(), TRY_EVERY);
    }
}
