//! How far the store's clock is from this host's.

use std::time::Duration;

use clock::Timestamp;

/// The difference between two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    is_store_ahead: bool,
    size: Duration,
}

impl Skew {
    /// The difference between this host's time and the store's, read at the same moment.
    pub fn between(host: Timestamp, store: Timestamp) -> Self {
        Self { is_store_ahead: store >= host, size: host.distance(store) }
    }

    /// How much it is, in whichever direction.
    pub const fn size(&self) -> Duration {
        self.size
    }

    /// In seconds: above zero where the store's clock is ahead of this host's.
    pub const fn as_seconds(&self) -> f64 {
        let seconds = self.size.as_secs_f64();
        if self.is_store_ahead { seconds } else { -seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_says_whose_clock_is_ahead() {
        let at = Timestamp::from_unix_millis;
        for (host, store, told, millis) in
            [(0, 1500, "1.5", 1500), (1500, 0, "-1.5", 1500), (7, 7, "0", 0)]
        {
            let skew = Skew::between(at(host), at(store));
            assert_eq!(skew.as_seconds().to_string(), told, "{host} {store}");
            assert_eq!(skew.size(), Duration::from_millis(millis));
        }
    }
}
