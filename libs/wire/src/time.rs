//! Timestamps on the wire.

use clock::Timestamp;

/// Converts to protobuf.
pub fn to_wire(at: Timestamp) -> prost_types::Timestamp {
    let milliseconds = at.unix_millis();
    #[expect(clippy::cast_possible_truncation, reason = "under a second")]
    let nanos = (milliseconds.rem_euclid(1000) * 1_000_000) as i32;
    prost_types::Timestamp { seconds: milliseconds.div_euclid(1000), nanos }
}

/// Converts from protobuf, truncated to milliseconds.
pub fn from_wire(at: prost_types::Timestamp) -> Timestamp {
    let milliseconds = i64::from(at.nanos) / 1_000_000;
    Timestamp::from_unix_millis(at.seconds.saturating_mul(1000).saturating_add(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_crosses_to_the_millisecond() {
        for (milliseconds, seconds, nanos) in
            [(0, 0, 0), (1_767_225_600_123, 1_767_225_600, 123_000_000), (-1, -1, 999_000_000)]
        {
            let wire = to_wire(Timestamp::from_unix_millis(milliseconds));
            assert_eq!((wire.seconds, wire.nanos), (seconds, nanos));
            assert_eq!(from_wire(wire).unix_millis(), milliseconds);
        }
    }
}
