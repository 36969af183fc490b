//! When a failed delivery is tried again: exponential backoff with jitter.

use std::time::Duration;

use rand::{CryptoRng, RngExt as _};

/// The longest first pause, which doubles with each attempt.
const FIRST: Duration = Duration::from_secs(2);

/// The longest pause: a receiver that is back after hours has every notice within this time.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The pause after the attempt of that number: from half of the longest on, so that the notices of one
/// outage do not all come back at once.
pub(crate) fn pause(attempts: u32, randomness: &mut dyn CryptoRng) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let longest = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    longest.mul_f64(randomness.random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_differ() {
        let randomness = codes::randomness::system();
        for (attempts, seconds) in [(0, 2), (1, 2), (2, 4), (5, 32), (9, 300), (u32::MAX, 300)] {
            let pauses: Vec<_> = (0..20).map(|_| pause(attempts, &mut *randomness())).collect();
            let longest = Duration::from_secs(seconds);
            let is_within = |pause: &Duration| (longest / 2..=longest).contains(pause);
            assert!(pauses.iter().all(is_within), "{attempts}: {pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{attempts}: {pauses:?}");
        }
    }
}
