//! `JourneyRunnerService`: parses requests and writes replies.

use codes::facts::BrowserFamily;
use definitions::{Journey, JourneyId};
use journeys::ids::SessionId;
use journeys::runner::{
    Answer, CLIENT_INPUT, Escape, InputError, InputRequired, RunError, Start, StepError, Submission,
};
use serde_json::{Map, Value};

use crate::error::{Fault, RETRY_AFTER};
use crate::journey::v1 as pb;
use crate::json::{from_object, parse_struct};
use crate::violations::{FieldViolation, Violations};

/// Parses a request to start a journey. An invalid journey ID gets the same answer as an unknown
/// one.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation, [`Fault::JourneyNotFound`].
pub fn parse_start(request: pb::StartJourneyRequest) -> Result<Start, Fault> {
    let mut violations = Violations::default();
    let params = violations.check("params", parse_struct(request.params.unwrap_or_default()));
    let mut short = |field, text| violations.text(field, text, Violations::SHORT_TEXT);
    let correlation_id = short("correlation_id", request.correlation_id);
    let locale = short("locale", request.locale);
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    let (Ok(params), Ok(correlation_id), Ok(locale), Ok(idempotency_key)) =
        (params, correlation_id, locale, key)
    else {
        return Err(violations.into());
    };
    let journey = JourneyId::parse(&request.journey_id).map_err(|_| Fault::JourneyNotFound)?;
    Ok(Start {
        journey,
        params,
        headers: Map::new(),
        device: Value::Null,
        locale,
        correlation_id,
        idempotency_key,
        source: None,
        browser: BrowserFamily::default(),
        tie: None,
    })
}

/// Parses an answer to a waiting step. An invalid session ID gets the same answer as an unknown
/// one.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation, [`Fault::SessionNotFound`].
pub fn parse_submit(request: pb::SubmitInputRequest) -> Result<Submission, Fault> {
    let mut violations = Violations::default();
    let data = violations.check("data", parse_struct(request.data.unwrap_or_default()));
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    let (Ok(data), Ok(idempotency_key)) = (data, key) else { return Err(violations.into()) };
    let session = SessionId::parse(&request.session_id).map_err(|_| Fault::SessionNotFound)?;
    let option = Some(request.option_id).filter(|option| !option.is_empty());
    Ok(Submission {
        session,
        assertion_id: request.assertion_id,
        challenge: request.challenge,
        option: option.unwrap_or_else(|| CLIENT_INPUT.to_owned()),
        data: Value::Object(data),
        idempotency_key,
        source: None,
        browser: BrowserFamily::default(),
        secret: None,
    })
}

/// Writes the state of a journey.
pub fn from_answer(answer: Answer) -> pb::JourneyState {
    use pb::journey_state::State;
    let state = match answer {
        Answer::InputRequired(input) => State::InputRequired(from_input(input)),
        Answer::Completed(completed) => State::Completed(pb::Completed {
            token: completed.token,
            data: completed.data.and_then(to_struct),
        }),
        Answer::Rejected(rejected) => State::Rejected(pb::JourneyRejected {
            reason: rejected.reason.as_str().to_owned(),
            data: rejected.data.and_then(to_struct),
        }),
    };
    pb::JourneyState { state: Some(state) }
}

fn from_input(input: InputRequired) -> pb::InputRequired {
    let mut data = step_data(&input);
    data.extend(input.json_data.map(|json_data| ("json_data".to_owned(), json_data)));
    let answer = pb::ClientOption {
        id: CLIENT_INPUT.to_owned(),
        display_name: "Continue".to_owned(),
        schema: None,
    };
    let kind = input.kind.as_str().to_owned();
    pb::InputRequired {
        step_id: input.form_id.unwrap_or_else(|| kind.clone()),
        r#type: kind,
        data: Some(from_object(data)),
        options: std::iter::once(answer)
            .chain(input.escapes.into_iter().map(from_escape))
            .collect(),
        challenge: input.challenge,
        error: input.error.map(|StepError { code, message, inputs: _ }| pb::StepError {
            code: code.to_owned(),
            message,
        }),
        assertion_id: input.assertion_id,
        session_id: input.session.expose().to_owned(),
    }
}

/// The data of a waiting step, for its page.
pub fn step_data(input: &InputRequired) -> Map<String, Value> {
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let fields = [
        ("app_data", input.app_data.clone()),
        ("title", text(&input.title)),
        ("text", text(&input.text)),
        ("button_text", text(&input.button_text)),
    ];
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}

fn from_escape(escape: Escape) -> pb::ClientOption {
    pb::ClientOption {
        id: escape.id,
        display_name: escape.display_name,
        schema: escape.schema.and_then(to_struct),
    }
}

fn to_struct(value: Value) -> Option<prost_types::Struct> {
    match value {
        Value::Object(object) => Some(from_object(object)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

/// Writes a journey's description.
pub fn from_journey(journey: &Journey) -> pb::Journey {
    let step =
        |(id, kind): (&str, &str)| pb::JourneyStep { id: id.to_owned(), r#type: kind.to_owned() };
    pb::Journey {
        id: journey.id().to_string(),
        steps: journey.steps().map(step).collect(),
        params: journey.params().iter().cloned().collect(),
    }
}

impl From<RunError> for Fault {
    /// The caller logs the cause; clients do not see it.
    fn from(error: RunError) -> Self {
        match error {
            RunError::SessionNotFound => Self::SessionNotFound,
            RunError::ChallengeUsed => Self::ChallengeUsed,
            RunError::JourneyChanged => Self::JourneyChanged,
            RunError::InvalidSubmission(wrong) => {
                let violation = |InputError { name, rule }| FieldViolation::new(name, rule);
                Self::InvalidArgument(wrong.into_iter().map(violation).collect())
            }
            RunError::TooManyWait { retry_after, .. } => Self::RateLimited { retry_after },
            RunError::Aborted(_) => Self::JourneyAborted,
            RunError::Misconfigured(_) | RunError::Unavailable(_) => {
                Self::Unavailable { retry_after: RETRY_AFTER }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use journeys::runner::{Completed, Rejected, RejectionReason};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_journey_that_could_be_none_is_as_unknown_as_any_other() {
        let request =
            pb::StartJourneyRequest { journey_id: "A b".to_owned(), ..Default::default() };
        assert!(matches!(parse_start(request), Err(Fault::JourneyNotFound)));
    }

    #[test]
    fn a_session_that_could_be_none_is_as_unknown_as_any_other() {
        let request = pb::SubmitInputRequest { session_id: "x".to_owned(), ..Default::default() };
        assert!(matches!(parse_submit(request), Err(Fault::SessionNotFound)));
    }

    #[test]
    fn the_end_of_a_journey_carries_its_data() {
        let data = Some(json!({ "a": [1, { "b": null }] }));
        let (token, data_too) = ("t".to_owned(), data.clone());
        let completed = Completed { token, data: data_too, authentication: None, tie: None };
        let reason = RejectionReason::AccessRejected;
        let rejected = Rejected { reason, data: data.clone(), tie: None };
        let expected = data.and_then(to_struct);
        for answer in [Answer::Completed(completed), Answer::Rejected(rejected)] {
            let carried = match from_answer(answer).state.expect("a state") {
                pb::journey_state::State::Completed(completed) => completed.data,
                pb::journey_state::State::Rejected(rejected) => rejected.data,
                pb::journey_state::State::InputRequired(_) => panic!("it ended"),
            };
            assert_eq!(carried, expected);
        }
    }
}
