//! The skew between the store's clock and this host's.

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

    /// The absolute size of the skew.
    pub const fn size(&self) -> Duration {
        self.size
    }

    /// The skew in seconds, positive if the store's clock is ahead.
    pub const fn as_seconds(&self) -> f64 {
        let seconds = self.size.as_secs_f64();
        if self.is_store_ahead { seconds } else { -seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skew_is_positive_if_the_store_is_ahead() {
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
