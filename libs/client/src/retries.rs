//! When a call is tried again: after the delay that the service asks for, never earlier, within the
//! call's deadline, and a few times only.

use std::time::Duration;

use tokio::time::Instant;

/// The most attempts of one call.
const MOST: u32 = 5;
/// The first delay where the service asks for none; it doubles with each attempt.
const FIRST: Duration = Duration::from_millis(50);
/// How long the attempts of one call may go on. A service keeps the outcome of an idempotency key for
/// 120 seconds; an attempt after that would act again.
const KEY_HOLDS: Duration = Duration::from_secs(100);

/// The attempts of one call.
#[derive(Debug)]
pub(crate) struct Retries {
    attempts: u32,
    until: Instant,
}

impl Retries {
    /// Of a call that ends at this deadline.
    pub(crate) fn new(begun: Instant, deadline: Instant) -> Self {
        Self { attempts: 0, until: deadline.min(begun + KEY_HOLDS) }
    }

    /// The delay after an attempt that failed for the moment; `None` if it was the last. `jitter` is
    /// from 0 to 1 and spreads the attempts of many callers over half of the delay.
    pub(crate) fn delay(
        &mut self,
        asked: Option<Duration>,
        now: Instant,
        jitter: f64,
    ) -> Option<Duration> {
        let left = self.until.saturating_duration_since(now);
        let least = asked.unwrap_or(FIRST * 2_u32.pow(self.attempts));
        self.attempts += 1;
        // Compared first: a delay may be longer than a multiplication can bear.
        if self.attempts >= MOST || least >= left {
            return None;
        }
        let delay = least + least.mul_f64(jitter / 2.0);
        Some(delay.min(left)).filter(|delay| *delay < left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_duration() -> impl Strategy<Value = Duration> {
        (0..u64::MAX / 2, 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
    }

    fn short_or_any() -> impl Strategy<Value = Duration> {
        prop_oneof![(0..200_000_u64).prop_map(Duration::from_millis), any_duration()]
    }

    proptest! {
        #[test]
        fn a_call_is_tried_again_a_few_times_never_too_early_and_never_too_late(
            deadline in (0..1_000_000_u64).prop_map(Duration::from_millis),
            asked in prop::collection::vec(prop::option::of(short_or_any()), 1..20),
            jitter in 0.0..1.0,
        ) {
            let begun = Instant::now();
            let mut retries = Retries::new(begun, begun + deadline);
            let (mut now, mut delays) = (begun, 0);
            for asked in asked {
                let Some(delay) = retries.delay(asked, now, jitter) else { continue };
                delays += 1;
                now += delay;
                prop_assert!(asked.is_none_or(|asked| delay >= asked), "{delay:?} is too early");
                prop_assert!(now < begun + deadline.min(KEY_HOLDS), "the attempt is too late");
            }
            prop_assert!(delays < MOST, "{delays} attempts after the first");
        }
    }

    #[test]
    fn without_a_wish_of_the_service_delays_double() {
        let begun = Instant::now();
        let mut retries = Retries::new(begun, begun + Duration::from_secs(10));
        let delays: Vec<_> = (0..5).map(|_| retries.delay(None, begun, 0.0)).collect();
        let expected = [1, 2, 4, 8].map(|times| Some(FIRST * times));
        assert_eq!(delays, [&expected[..], &[None]].concat());
        let spread = Retries::new(begun, begun + Duration::from_secs(10)).delay(None, begun, 1.0);
        assert_eq!(spread, Some(FIRST * 3 / 2));
    }
}
