//! The outcome of a request, for traces and metrics: the names of journey, step and outcome, and nothing
//! that a user typed.

use journeys::runner::{Answer, Full, RunError};
use telemetry::{Counter, note};

/// The limit of waiting journeys per source is reached.
const FULL_SOURCE: &str = "full_source";
/// The limit of waiting journeys is reached.
const FULL: &str = "full";

/// Counts outcomes, and notes them in the trace.
#[derive(Clone)]
pub(crate) struct Outcomes(Counter);

impl Outcomes {
    pub(crate) fn new() -> Self {
        let outcomes =
            Counter::new("postern.journey.outcomes", "Requests to journeys, by outcome.");
        // An alert watches these: without a zero before it, the first refusal would be no increase.
        for name in [FULL_SOURCE, FULL] {
            outcomes.begin(&[("postern.journey.outcome", name)]);
        }
        Self(outcomes)
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
        Err(RunError::TooManyWait { full: Full::Source, .. }) => FULL_SOURCE,
        Err(RunError::TooManyWait { full: Full::All, .. }) => FULL,
        Err(RunError::Aborted(_)) => "aborted",
        Err(RunError::Misconfigured(_)) => "misconfigured",
        Err(RunError::Unavailable(_)) => "unavailable",
    }
}
