//! The engine: a pure function `(state, event) -> (state, move)`.
//!
//! ```text
//!            Started                     Answered
//!               |                           |
//!               v                           v
//!        +-> [ run steps ] --- Wait ---> (client)
//!        |        |    \------ Complete, Reject, Abort
//!        |  Verify, Pair, Mint
//!        |        v
//!        +--- Verified, Paired, Minted
//! ```
//!
//! It has no I/O, no clock and no randomness. The runner performs the moves and returns their
//! results as events.

mod calls;
mod inputs;
mod leg;
mod pairing;
pub(crate) mod state;

#[cfg(test)]
mod tests;

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::user::IdentifierType;
use definitions::step::{Action, Exit};
use definitions::{Journey, error_code};
use expressions::Value;
use secrecy::SecretString;
use serde_json::Value as Json;

use crate::input::InputError;
use crate::ports::UserTokens;
use crate::request::CLIENT_INPUT;
use crate::verdict::{PairVerdict, Verdict};
use leg::Engine;
use state::{Leg, error_value};
pub use state::{State, surroundings};

/// What happened.
pub enum Event {
    /// The journey was started.
    Started,
    /// The client answered the waiting step.
    Answered {
        /// [`CLIENT_INPUT`], or an escape's id.
        option: String,
        /// The fields of the form.
        data: Json,
    },
    /// A code was verified.
    Verified(Verdict),
    /// The journey was paired, or refused.
    Paired(PairVerdict),
    /// The user's tokens were minted.
    Minted(UserTokens),
}

/// The next move of the runner.
pub enum Move {
    /// Verify a code.
    Verify {
        /// The kind of the identifier.
        identifier_type: IdentifierType,
        /// The identifier.
        identifier: String,
        /// The code.
        code: SecretString,
    },
    /// Pair the journey.
    Pair {
        /// The kind of the identifier.
        identifier_type: IdentifierType,
        /// The identifier.
        identifier: String,
    },
    /// Mint the user's tokens.
    Mint(Authentication),
    /// Ask the client.
    Wait(Prompt),
    /// End the journey with success.
    Complete(Option<Json>),
    /// End the journey with a rejection.
    Reject(Option<Json>),
    /// Refuse the request: its inputs are invalid, and no form can be shown again.
    Refuse(Vec<InputError>),
    /// End the journey because of a mistake in its definition.
    Abort(Abort),
}

/// Why a journey was aborted. For the log: it names the step and contains no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step `{step}`: {reason}")]
pub struct Abort {
    /// The step.
    pub step: String,
    /// What happened there.
    pub reason: String,
}

/// A question to the client.
#[derive(Debug)]
pub struct Prompt {
    /// What the client is shown.
    pub body: PromptBody,
    /// The alternatives to filling in the form.
    pub escapes: Vec<PromptEscape>,
    /// Why the client is asked again.
    pub error: Option<PromptError>,
    /// The data of `provide_json_data`.
    pub data: Option<Json>,
}

/// What the client is shown.
#[derive(Debug)]
pub enum PromptBody {
    /// A form.
    Form {
        /// Its id.
        form_id: String,
        /// What the page is sent with it.
        app_data: Option<Json>,
    },
    /// A page with a button.
    Information {
        /// Its title.
        title: String,
        /// Its text.
        text: String,
        /// The label of its button.
        button_text: String,
    },
}

/// An alternative to filling in the form.
#[derive(Debug)]
pub struct PromptEscape {
    /// Its id.
    pub id: String,
    /// Its label.
    pub display_name: String,
    /// What the author says of its data.
    pub schema: Option<Json>,
}

/// Why the client is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptError {
    /// The code was denied.
    InvalidCredentials,
    /// These fields are invalid.
    ClientResponseNotValid(Vec<InputError>),
}

/// Whether the waiting step offers that option.
pub fn has_option(journey: &Journey, state: &State, option: &str) -> bool {
    match &journey.step(state.step).action {
        Action::Collect(form) => {
            option == CLIENT_INPUT || form.escapes.iter().any(|exit| exit.id == option)
        }
        Action::Inform { .. } => option == CLIENT_INPUT,
        _ => false,
    }
}

/// Computes the next state and move from an event.
pub fn advance(journey: &Journey, now: Timestamp, state: State, event: Event) -> (State, Move) {
    let mut engine = Engine { journey, now, state };
    let next = match event {
        Event::Started => engine.run(),
        Event::Answered { option, data } => engine.answered(&option, data),
        Event::Verified(verdict) => engine.verified(verdict),
        Event::Paired(verdict) => engine.paired(verdict),
        Event::Minted(tokens) => {
            engine.state.leg.tokens = Some(tokens_value(tokens));
            engine.run()
        }
    };
    (engine.state, next)
}

fn tokens_value(tokens: UserTokens) -> Value {
    let members = [("access_token", tokens.access_token), ("id_token", tokens.id_token)];
    let members = members.map(|(key, token)| (key.to_owned(), Value::Text(token)));
    Value::Object(members.into())
}

impl Engine<'_> {
    fn answered(&mut self, option: &str, data: Json) -> Move {
        let journey = self.journey;
        self.state.leg = Leg { answered: Some(self.state.step), ..Leg::default() };
        match &journey.step(self.state.step).action {
            Action::Collect(form) if option == CLIENT_INPUT => self.filled_in(form, data),
            Action::Collect(form) => match form.escapes.iter().find(|exit| exit.id == option) {
                Some(Exit { target, .. }) => self.go(*target),
                None => self.abort("there is no such option"),
            },
            Action::Inform { next, .. } => self.go(*next),
            _ => self.abort("this step does not wait"),
        }
    }

    fn verified(&mut self, verdict: Verdict) -> Move {
        let journey = self.journey;
        let Action::Authenticate(step) = &journey.step(self.state.step).action else {
            return self.abort("this step does not verify");
        };
        let (code, is_expired) = match verdict {
            Verdict::Accepted { user, grant, at } => {
                self.state.authentication = Some(Authentication {
                    application: self.state.application.clone(),
                    client: self.state.client.clone(),
                    user,
                    grant,
                    at,
                });
                // Tokens belong to one grant, and a success clears the error.
                self.state.leg.tokens = None;
                self.state.leg.has_failed = false;
                if let Some(output) = &step.error_output {
                    self.state.variables.remove(output);
                }
                return self.go(step.success);
            }
            Verdict::Rejected { reason } => {
                let code = error_code(reason);
                (code, reason == Some(codes::record::DenialReason::Expired))
            }
            Verdict::Malformed(wrong) => {
                return self.unreadable(|part| step.sources(part), wrong);
            }
        };
        self.state.failures = self.state.failures.saturating_add(1);
        self.state.leg.has_failed = true;
        if let Some(output) = &step.error_output {
            self.state.variables.insert(output.clone(), error_value(code));
        }
        match step.expired.filter(|_| is_expired).or(step.failure) {
            Some(target) => self.go(target),
            // The same text for every reason: the caller's log must not reveal it.
            None => self.abort("the verification failed and there is no failure branch"),
        }
    }
}
