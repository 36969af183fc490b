//! Fails calls fast while the directory is down.
//!
//! ```text
//!            three calls in a row fail whatever they ask, or
//!            eight different questions in a row have no answer
//!   CLOSED ───────────────────────────────────────────────────> OPEN
//!   calls go <─────────────────────────────────────────────────  calls fail at once; one a
//!            an answer                                           second is tried
//! ```
//!
//! # Why questions are counted apart
//! A stranger can repeat a question at which the directory is slow or fails. That must not stop all others.

use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::answers::Question;

/// How many calls in a row fail before the circuit opens, even with one question.
const CALLS: u32 = 3;

/// How many different questions in a row have no answer.
const QUESTIONS: usize = 8;

/// How often a call is tried while the directory is down.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// What a call failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The directory fails for every question: it cannot be reached, or refuses Postern.
    Directory,
    /// Perhaps the question: there was no answer in time, or an error.
    Question,
}

/// Whether the directory is down.
#[derive(Default)]
pub struct Circuit(Mutex<State>);

#[derive(Default)]
struct State {
    calls: u32,
    questions: HashSet<Question>,
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
        let was_down = self.state(|state| mem::take(state).next_try.is_some());
        if was_down {
            tracing::info!("the directory of users answers again");
        }
    }

    /// Records that a call failed.
    pub fn failed(&self, cause: Cause, question: Question, now: Instant) {
        let opens = self.state(|state| {
            match cause {
                Cause::Directory => state.calls = state.calls.saturating_add(1),
                Cause::Question if state.questions.len() < QUESTIONS => {
                    state.questions.insert(question);
                }
                Cause::Question => {}
            }
            let is_down = state.calls >= CALLS || state.questions.len() >= QUESTIONS;
            let opens = is_down && state.next_try.is_none();
            if opens {
                state.next_try = Some(now + TRY_EVERY);
            }
            opens
        });
        if opens {
            tracing::warn!(
                "the directory of users is down: no user of it is served until it answers"
            );
        }
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use codes::ids::ApplicationId;
    use codes::user::{Identifier, IdentifierType};

    use super::*;

    fn question(number: usize) -> Question {
        let user = Identifier::parse(IdentifierType::UserId, &format!("u-{number}"));
        (ApplicationId::parse("acme").expect("an ID"), user.expect("an ID"))
    }

    fn opened(now: Instant) -> Circuit {
        let circuit = Circuit::default();
        for _ in 0..CALLS {
            assert!(circuit.is_closed() && circuit.admits(now));
            circuit.failed(Cause::Directory, question(0), now);
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
        circuit.failed(Cause::Question, question(0), next);
        assert!(!circuit.admits(next), "it stays open");
        assert!(circuit.admits(next + TRY_EVERY));
    }

    #[test]
    fn a_question_without_an_answer_does_not_open_it_but_many_do() {
        let (circuit, now) = (Circuit::default(), Instant::now());
        for turn in 0..100 {
            circuit.failed(Cause::Question, question(turn % (QUESTIONS - 1)), now);
        }
        assert!(circuit.is_closed());
        circuit.failed(Cause::Question, question(QUESTIONS), now);
        assert!(!circuit.is_closed());
    }

    #[test]
    fn an_answer_closes_it_and_ends_the_row() {
        let now = Instant::now();
        let circuit = opened(now);
        circuit.answered();
        assert!(circuit.is_closed() && circuit.admits(now));
        for turn in 0..100 {
            circuit.failed(Cause::Directory, question(turn), now);
            circuit.failed(Cause::Question, question(turn), now);
            circuit.answered();
        }
        assert!(circuit.is_closed());
    }
}
