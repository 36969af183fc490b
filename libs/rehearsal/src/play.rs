//! Plays a script with the engine.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId, GrantId, IdError};
use codes::pairer::NUMBER_LIFE;
use codes::pairing::PairingNumber;
use codes::record::DenialReason;
use codes::user::{Identifier, IdentifierType, UserId};
use definitions::{Journey, Part};
use journeys::engine::{Abort, Event, Move, Prompt, State, advance, has_option, surroundings};
use journeys::input::InputError;
use journeys::ports::UserTokens;
use journeys::runner::{CLIENT_INPUT, Start};
use journeys::verdict::{Malformed, PairVerdict, Verdict};
use serde_json::Value as Json;

use crate::script::{Input, MAX_INPUTS, Outcome, Script};
use crate::shown::shown;

/// The most steps of a rehearsal. The engine bounds each leg; this bounds all of them together.
const MAX_STEPS: usize = 1_000;

/// As by default in a policy.
const FAILURES_ALLOWED: u32 = 3;

/// Where a rehearsal stands.
#[derive(Debug)]
pub struct Scene<'j> {
    /// The IDs of the steps that ran, in order.
    pub trail: Vec<&'j str>,
    /// The variables, in which secrets are only marked.
    pub variables: BTreeMap<String, Json>,
    /// Why it stopped.
    pub stop: Stop,
}

/// Why a rehearsal stopped.
#[derive(Debug)]
pub enum Stop {
    /// The user must answer.
    Asks(Prompt),
    /// The author must choose the outcome of the verification for this identifier.
    Verifies(IdentifierType, String),
    /// The author must choose whether the journey is paired for this identifier.
    Pairs(IdentifierType, String),
    /// The journey completed with this data.
    Completed(Option<Json>),
    /// The journey rejected with this data.
    Rejected(Option<Json>),
    /// The start was refused: these parameters are wrong.
    Refused(Vec<InputError>),
    /// The journey was aborted: it has a mistake that only shows when it runs.
    Aborted(Abort),
}

/// Why a script cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The journey does not wait for the input.
    #[error("input {0} does not fit the journey any more: start again")]
    Unfit(usize),
    /// The script or its way is too long.
    #[error("a rehearsal has at most {MAX_INPUTS} inputs and {MAX_STEPS} steps: start again")]
    TooLong,
    /// A constant of the rehearsal is no valid ID.
    #[error(transparent)]
    Id(#[from] IdError),
}

/// Plays a script from the start. Time stands still at `now`.
///
/// # Errors
/// [`RehearsalError::Unfit`] for an input that the journey does not wait for, as after a change of it, and
/// [`RehearsalError::TooLong`] above a bound.
pub fn rehearse<'j>(
    journey: &'j Journey,
    script: &Script,
    now: Timestamp,
) -> Result<Scene<'j>, RehearsalError> {
    if script.inputs().len() > MAX_INPUTS {
        return Err(RehearsalError::TooLong);
    }
    let seen = match surroundings(journey, &mut start(journey, script)) {
        Ok(seen) => seen,
        Err(wrong) => {
            let stop = Stop::Refused(wrong);
            return Ok(Scene { trail: Vec::new(), variables: BTreeMap::new(), stop });
        }
    };
    let whose = (ApplicationId::parse("rehearsal")?, ClientId::parse("rehearsal")?);
    let mut state = State::new(journey, whose, seen, FAILURES_ALLOWED);
    let mut inputs = script.inputs().iter().zip(1..);
    let (mut event, mut trail) = (Event::Started, Vec::new());
    let stop = loop {
        if matches!(event, Event::Answered { .. }) {
            // An answer begins a new leg, with a trail of its own.
            trail.extend_from_slice(state.trail());
        }
        let (moved, next) = advance(journey, now, state, event);
        state = moved;
        if trail.len() + state.trail().len() > MAX_STEPS {
            return Err(RehearsalError::TooLong);
        }
        match follow(journey, &state, next, &mut inputs, now)? {
            ControlFlow::Continue(next) => event = next,
            ControlFlow::Break(stop) => break stop,
        }
    };
    if let Some((_, at)) = inputs.next() {
        return Err(RehearsalError::Unfit(at));
    }
    trail.extend_from_slice(state.trail());
    // A step that waits for tokens is run again with them.
    trail.dedup();
    let trail = trail.into_iter().map(|index| journey.step(index).id.as_str()).collect();
    let variables = state.variables().iter();
    let variables = variables.map(|(name, value)| (name.clone(), shown(value))).collect();
    Ok(Scene { trail, variables, stop })
}

/// What follows a move: the next event, or a stop.
fn follow<'s>(
    journey: &Journey,
    state: &State,
    next: Move,
    inputs: &mut impl Iterator<Item = (&'s Input, usize)>,
    now: Timestamp,
) -> Result<ControlFlow<Stop, Event>, RehearsalError> {
    let stop = match next {
        Move::Mint(_) => return Ok(ControlFlow::Continue(Event::Minted(tokens()))),
        Move::Wait(prompt) => Stop::Asks(prompt),
        Move::Verify { identifier_type, identifier, code: _ } => {
            Stop::Verifies(identifier_type, identifier)
        }
        Move::Pair { identifier_type, identifier } => Stop::Pairs(identifier_type, identifier),
        Move::Complete(data) => return Ok(ControlFlow::Break(Stop::Completed(data))),
        Move::Reject(data) => return Ok(ControlFlow::Break(Stop::Rejected(data))),
        Move::Refuse(wrong) => return Ok(ControlFlow::Break(Stop::Refused(wrong))),
        Move::Abort(abort) => return Ok(ControlFlow::Break(Stop::Aborted(abort))),
    };
    let Some((input, at)) = inputs.next() else { return Ok(ControlFlow::Break(stop)) };
    let event = match (&stop, input) {
        (Stop::Asks(_), input) => answered(journey, state, input),
        (Stop::Verifies(kind, identifier), Input::Verified(outcome)) => {
            Some(Event::Verified(verdict(*outcome, *kind, identifier, now)?))
        }
        (Stop::Pairs(kind, identifier), Input::Paired(is_paired)) => {
            Some(Event::Paired(paired(*is_paired, *kind, identifier, now)))
        }
        _ => None,
    };
    event.map(ControlFlow::Continue).ok_or(RehearsalError::Unfit(at))
}

fn start(journey: &Journey, script: &Script) -> Start {
    let params =
        script.params().iter().map(|(name, text)| (name.clone(), Json::from(text.as_str())));
    Start::new(journey.id().clone(), params.collect())
}

/// The user's answer; `None` if the step does not wait for it.
fn answered(journey: &Journey, state: &State, input: &Input) -> Option<Event> {
    let (option, data) = match input {
        Input::Submit(fields) => (CLIENT_INPUT, fields.clone()),
        Input::Escape(id) => (id.as_str(), BTreeMap::new()),
        Input::Verified(_) | Input::Paired(_) => return None,
    };
    let data = data.into_iter().map(|(name, text)| (name, Json::from(text))).collect();
    has_option(journey, state, option)
        .then(|| Event::Answered { option: option.to_owned(), data: Json::Object(data) })
}

fn verdict(
    outcome: Outcome,
    kind: IdentifierType,
    identifier: &str,
    at: Timestamp,
) -> Result<Verdict, RehearsalError> {
    let identifier = match Identifier::parse(kind, identifier) {
        Ok(identifier) => identifier,
        Err(error) => {
            let wrong = Malformed { part: Part::Identifier, rule: error.to_string() };
            return Ok(Verdict::Malformed(vec![wrong]));
        }
    };
    let rejected = |reason| Verdict::Rejected { reason: Some(reason) };
    Ok(match outcome {
        Outcome::Accepted => Verdict::Accepted {
            user: UserId::from_identifier(&identifier),
            grant: GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA")?,
            at,
        },
        Outcome::Wrong => rejected(DenialReason::WrongCode),
        Outcome::Expired => rejected(DenialReason::Expired),
        Outcome::Locked => rejected(DenialReason::Locked),
    })
}

fn paired(is_paired: bool, kind: IdentifierType, identifier: &str, now: Timestamp) -> PairVerdict {
    let malformed = |part, rule| PairVerdict::Malformed(vec![Malformed { part, rule }]);
    if let Err(error) = Identifier::parse(kind, identifier) {
        return malformed(Part::Identifier, error.to_string());
    }
    match PairingNumber::parse("123456") {
        Ok(number) if is_paired => PairVerdict::Paired { number, expires_at: now + NUMBER_LIFE },
        _ => PairVerdict::TooMany,
    }
}

/// Texts in place of tokens.
fn tokens() -> UserTokens {
    UserTokens { access_token: "(access token)".to_owned(), id_token: "(ID token)".to_owned() }
}
