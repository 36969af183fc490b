//! What became of a request, for traces and metrics: the journey, the step and the outcome by their
//! names, and nothing of what anybody typed.

use journeys::runner::{Answer, Full, RunError};
use telemetry::{Counter, note};

/// Counts outcomes, and notes them in the trace.
#[derive(Clone)]
pub(crate) struct Outcomes(Counter);

impl Outcomes {
    pub(crate) fn new() -> Self {
        Self(Counter::new("postern.journey.outcomes", "What became of requests to journeys."))
    }

    pub(crate) fn tell(&self, outcome: &Result<Answer, RunError>) {
        let name = name(outcome);
        self.0.count(&[("postern.journey.outcome", name)]);
        note("postern.journey.outcome", name);
        if let Ok(Answer::InputRequired(input)) = outcome {
            note("postern.journey.step", input.assertion_id.clone());
        }
    }
}

const fn name(outcome: &Result<Answer, RunError>) -> &'static str {
    match outcome {
        Ok(Answer::InputRequired(_)) => "input_required",
        Ok(Answer::Completed(_)) => "completed",
        Ok(Answer::Rejected(_)) => "rejected",
        Err(RunError::SessionNotFound) => "session_not_found",
        Err(RunError::ChallengeUsed) => "challenge_used",
        Err(RunError::JourneyChanged) => "journey_changed",
        Err(RunError::InvalidSubmission(_)) => "invalid_submission",
        Err(RunError::TooManyWait { full: Full::Source, .. }) => "full_source",
        Err(RunError::TooManyWait { full: Full::All, .. }) => "full",
        Err(RunError::Aborted(_)) => "aborted",
        Err(RunError::Misconfigured(_)) => "misconfigured",
        Err(RunError::Unavailable(_)) => "unavailable",
    }
}
