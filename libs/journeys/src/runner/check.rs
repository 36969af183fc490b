//! Checks of a submission before it is processed.

use definitions::Journey;

use super::{RunError, Submission};
use crate::engine::has_option;
use crate::engine::state::State;
use crate::input::InputError;
use crate::session::Session;

/// Checks what can be checked before the challenge is claimed.
pub(super) fn check(
    journey: &Journey,
    state: &State,
    session: &Session,
    submission: &Submission,
) -> Result<(), RunError> {
    let mut wrong = Vec::new();
    if submission.assertion_id != session.step() {
        wrong.push(InputError::new("assertion_id", "is not that of the step that waits"));
    }
    if !has_option(journey, state, &submission.option) {
        wrong.push(InputError::new("option_id", "is not offered by the step that waits"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(RunError::InvalidSubmission(wrong)) }
}
