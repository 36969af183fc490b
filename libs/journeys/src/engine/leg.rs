//! Runs steps until the engine needs something from outside.

use std::fmt;

use clock::Timestamp;
use definitions::Journey;
use definitions::step::{Action, Data, End, StepIndex};
use expressions::{EvaluateError, MAX_WEIGHT, Purpose, Scope, Value};

use super::state::State;
use super::{Abort, Move, Prompt, PromptBody, PromptError, PromptEscape};
use serde_json::Value as Json;

/// The most steps between two waits: nested loops could otherwise run for very long.
const MAX_STEPS: usize = 1_000;

pub(super) struct Engine<'j> {
    pub(super) journey: &'j Journey,
    pub(super) now: Timestamp,
    pub(super) state: State,
}

/// What follows a step: another step, or a move out of the engine.
pub(super) enum Flow {
    On(StepIndex),
    Out(Move),
}

impl Engine<'_> {
    pub(super) fn go(&mut self, target: StepIndex) -> Move {
        self.state.step = target;
        self.run()
    }

    pub(super) fn abort(&self, reason: &(impl fmt::Display + ?Sized)) -> Move {
        let step = self.journey.step(self.state.step).id.clone();
        Move::Abort(Abort { step, reason: reason.to_string() })
    }

    /// Runs from the current step on.
    pub(super) fn run(&mut self) -> Move {
        loop {
            self.state.leg.trail.push(self.state.step);
            if self.state.leg.trail.len() > MAX_STEPS {
                return self.abort("too many steps without an answer of the client");
            }
            let flow = self.step();
            match flow {
                Ok(Flow::On(target)) => self.state.step = target,
                Ok(Flow::Out(next)) => return next,
                Err(error) => return self.abort(&error),
            }
        }
    }

    pub(super) fn scoped<T>(&self, evaluate: impl FnOnce(&Scope<'_>) -> T) -> T {
        let user = self.state.user();
        evaluate(&self.state.scope(&user, self.now))
    }

    fn step(&mut self) -> Result<Flow, EvaluateError> {
        let journey = self.journey;
        let action = &journey.step(self.state.step).action;
        if let Some(authentication) = &self.state.authentication
            && self.state.leg.tokens.is_none()
            && action.uses_user_tokens()
        {
            return Ok(Flow::Out(Move::Mint(authentication.clone())));
        }
        match action {
            Action::Authenticate(step) => self.authenticate(step),
            Action::Pair(step) => self.pair(step),
            Action::Collect(_) | Action::Inform { .. } => {
                // A step shows only the failure of the answer that it just got.
                let is_again = self.state.leg.answered == Some(self.state.step);
                let error = (self.state.leg.has_failed && is_again)
                    .then_some(PromptError::InvalidCredentials);
                self.prompt(error).map(Flow::Out)
            }
            Action::Decide { expression, when_true, when_false, otherwise } => {
                let value = self
                    .scoped(|scope| expression.expression.evaluate(scope, Purpose::Decision))
                    .and_then(|value| boolean(&value));
                match (value, otherwise) {
                    (Ok(true), _) => Ok(Flow::On(*when_true)),
                    (Ok(false), _) => Ok(Flow::On(*when_false)),
                    (Err(_), Some(otherwise)) => Ok(Flow::On(*otherwise)),
                    (Err(error), None) => Err(error),
                }
            }
            Action::Assign { variables, next } => {
                let values = self.scoped(|scope| evaluate(variables, scope))?;
                self.state.variables.extend(values);
                self.check_variables()?;
                Ok(Flow::On(*next))
            }
            Action::Repeat { condition, max_iterations, body, done, exhausted } => {
                let goes_on = match condition {
                    None => true,
                    Some(condition) => self
                        .scoped(|scope| condition.expression.evaluate(scope, Purpose::Decision))
                        .and_then(|value| boolean(&value))?,
                };
                let rounds = self.state.loops.remove(&self.state.step).unwrap_or(0);
                if goes_on && rounds < *max_iterations {
                    self.state.loops.insert(self.state.step, rounds + 1);
                    return Ok(Flow::On(*body));
                }
                Ok(Flow::On(if goes_on { *exhausted } else { *done }))
            }
            Action::Provide { data, next } => {
                self.provide(data)?;
                Ok(Flow::On(*next))
            }
            Action::Call(call) => self.enter(call),
            Action::Complete(End { data, back: Some(back) })
            | Action::Reject(End { data, back: Some(back) }) => self.leave(data, back),
            Action::Complete(End { data, back: None }) => {
                self.provide(data)?;
                Ok(Flow::Out(Move::Complete(self.take_data())))
            }
            Action::Reject(End { data, back: None }) => {
                self.provide(data)?;
                Ok(Flow::Out(Move::Reject(self.take_data())))
            }
        }
    }

    pub(super) fn has_no_failure_left(&self) -> bool {
        self.state.failures >= self.state.failures_allowed.max(1)
    }

    /// Asks the client, or aborts the journey if an expression fails.
    pub(super) fn ask(&mut self, error: Option<PromptError>) -> Move {
        self.prompt(error).unwrap_or_else(|error| self.abort(&error))
    }

    /// Asks the client, unless the session has used up its failures. Then it ends, as it does when
    /// the user is locked. A user without a code sees the same.
    fn prompt(&mut self, error: Option<PromptError>) -> Result<Move, EvaluateError> {
        if self.has_no_failure_left() {
            return Ok(Move::Reject(self.take_data()));
        }
        let journey = self.journey;
        let (body, escapes) = self.scoped(|scope| match &journey.step(self.state.step).action {
            Action::Collect(form) => {
                let app_data = form.app_data.as_ref().map(|data| data.render(scope)).transpose()?;
                let app_data = app_data.as_ref().map(checked).transpose()?;
                let escapes = form.escapes.iter().map(|exit| {
                    Ok::<_, EvaluateError>(PromptEscape {
                        id: exit.id.clone(),
                        display_name: exit.display_name.render_text(scope)?,
                        schema: exit.schema.clone(),
                    })
                });
                let form_id = form.form_id.clone();
                Ok((
                    PromptBody::Form { form_id, app_data },
                    escapes.collect::<Result<_, EvaluateError>>()?,
                ))
            }
            Action::Inform { title, text, button_text, .. } => {
                let body = PromptBody::Information {
                    title: title.render_text(scope)?,
                    text: text.render_text(scope)?,
                    button_text: button_text.render_text(scope)?,
                };
                Ok((body, Vec::new()))
            }
            _ => Err(EvaluateError::NotA("a step that waits")),
        })?;
        Ok(Move::Wait(Prompt { body, escapes, error, data: self.take_data() }))
    }

    /// Stores data for the next answer.
    fn provide(&mut self, data: &Data) -> Result<(), EvaluateError> {
        let values = self.scoped(|scope| evaluate(data, scope))?;
        self.state.leg.data.extend(values);
        checked(&Value::Object(self.state.leg.data.clone())).map(drop)
    }

    pub(super) fn take_data(&mut self) -> Option<Json> {
        let data = std::mem::take(&mut self.state.leg.data);
        (!data.is_empty()).then(|| Value::Object(data).to_json())
    }

    /// Checks that all variables together are no larger than one value may be.
    pub(super) fn check_variables(&self) -> Result<(), EvaluateError> {
        let mut weight = 0;
        for value in self.state.variables.values() {
            weight += value.measure()?.weight;
        }
        if weight > MAX_WEIGHT { Err(EvaluateError::TooLarge) } else { Ok(()) }
    }
}

pub(super) fn evaluate(
    data: &Data,
    scope: &Scope<'_>,
) -> Result<Vec<(String, Value)>, EvaluateError> {
    data.iter()
        .map(|(key, value)| Ok((key.clone(), value.expression.evaluate(scope, Purpose::Output)?)))
        .collect()
}

/// Converts a value to JSON for the client, after checking its size and that it contains no secret.
fn checked(value: &Value) -> Result<Json, EvaluateError> {
    let measure = value.measure()?;
    if measure.is_tainted { Err(EvaluateError::Tainted) } else { Ok(value.to_json()) }
}

fn boolean(value: &Value) -> Result<bool, EvaluateError> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        _ => Err(EvaluateError::NotA("true or false")),
    }
}
