//! Fails calls fast while the directory is down.
//!
//! ```text
//!                three calls in a row found it down
//!   CLOSED  ────────────────────────────────────────> OPEN
//!   calls go <──────────────────────────────────────  calls fail at once; one a second
//!                any answer                           is tried
//! ```
//!
//! An answer that is not believed is an answer: a single broken user must not stop all others.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many calls in a row find the directory down before all calls fail fast.
const FAILURES: u32 = 3;

/// How often a call is tried while the directory is down.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Whether the directory is down.
#[derive(Default)]
pub struct Circuit(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// When the next call may be tried; only while the directory is down.
    next_try: Option<Instant>,
}

impl Circuit {
    /// Whether the directory is not known to be down.
    pub fn is_closed(&self) -> bool {
        self.state(|state| state.next_try.is_none())
    }

    /// Whether a call may be made now.
    pub fn admits(&self, now: Instant) -> bool {
        self.state(|state| match state.next_try {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                state.next_try = Some(now + TRY_EVERY);
                true
            }
        })
    }

    /// Records that the directory answered.
    pub fn answered(&self) {
        let was_down = self.state(|state| std::mem::take(state).next_try.is_some());
        if was_down {
            tracing::info!("the directory of users answers again");
        }
    }

    /// Records that a call found the directory down.
    pub fn failed(&self, now: Instant) {
        let opens = self.state(|state| {
            state.failures = state.failures.saturating_add(1);
            let opens = state.failures >= FAILURES && state.next_try.is_none();
            if opens {
                state.next_try = Some(now + TRY_EVERY);
            }
            opens
        });
        if opens {
            tracing::warn!(
                "the directory of users is down: its users can do nothing until it answers"
            );
        }
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Circuit {
        let circuit = Circuit::default();
        for _ in 0..FAILURES {
            assert!(circuit.is_closed() && circuit.admits(now));
            circuit.failed(now);
        }
        circuit
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_call_a_second_is_tried() {
        let now = Instant::now();
        let circuit = opened(now);
        assert!(!circuit.is_closed() && !circuit.admits(now));
        let next = now + TRY_EVERY;
        let admitted = (0..10).filter(|_| circuit.admits(next)).count();
        assert_eq!(admitted, 1);
        circuit.failed(next);
        assert!(!circuit.admits(next), "it stays open");
        assert!(circuit.admits(next + TRY_EVERY));
    }

    #[test]
    fn an_answer_closes_it_and_ends_the_row() {
        let now = Instant::now();
        let circuit = opened(now);
        circuit.answered();
        assert!(circuit.is_closed() && circuit.admits(now));
        for _ in 0..10 {
            circuit.failed(now);
            circuit.failed(now);
            circuit.answered();
        }
        assert!(circuit.is_closed());
    }
}
