//! The answers of a runner.

use std::fmt;
use std::time::Duration;

use codes::authentication::Authentication;
use codes::store::StoreError;
use serde_json::Value;

use super::tally::Full;
use crate::engine::state::DENIED;
use crate::engine::{Abort, Prompt, PromptBody, PromptError};
use crate::ids::SessionId;
use crate::input::InputError;
use crate::ports::{MintError, StoreFault};
use crate::request::Tie;

/// The state of a journey, for its client. `Debug` shows which of these it is, and nothing more.
#[derive(Debug)]
pub enum Answer {
    /// It waits for the client.
    InputRequired(InputRequired),
    /// It ended with success.
    Completed(Completed),
    /// It ended with a rejection.
    Rejected(Rejected),
}

/// The type of a waiting step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A form.
    Form,
    /// An information.
    Information,
}

impl StepKind {
    /// The type's name in the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Information => "information",
        }
    }
}

/// A journey that waits for its client.
pub struct InputRequired {
    /// The ID of the session.
    pub session: SessionId,
    /// The waiting step.
    pub assertion_id: String,
    /// Valid for one submission.
    pub challenge: String,
    /// The type of the step.
    pub kind: StepKind,
    /// The form's ID, if it is a form.
    pub form_id: Option<String>,
    /// Data for the form to show.
    pub app_data: Option<Value>,
    /// The title, if it is an information.
    pub title: Option<String>,
    /// The text, if it is an information.
    pub text: Option<String>,
    /// The button's text, if it is an information.
    pub button_text: Option<String>,
    /// The options besides `client_input`.
    pub escapes: Vec<Escape>,
    /// Why the step is shown again.
    pub error: Option<StepError>,
    /// The data of `provide_json_data`.
    pub json_data: Option<Value>,
}

impl fmt::Debug for InputRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputRequired")
            .field("assertion_id", &self.assertion_id)
            .field("kind", &self.kind)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// An alternative to filling in a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Escape {
    /// The option to submit.
    pub id: String,
    /// The text to show.
    pub display_name: String,
    /// A JSON Schema of its data, if it has one.
    pub schema: Option<Value>,
}

/// Why a step is shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// `invalid_credentials` or `client_response_not_valid`.
    pub code: &'static str,
    /// A text for users. It is the same for every reason.
    pub message: String,
    /// The invalid fields, for the log; empty if the code was denied.
    pub inputs: Vec<InputError>,
}

/// A journey that ended with success.
pub struct Completed {
    /// The journey token.
    pub token: String,
    /// The data of the last step and of the `provide_json_data` steps before it.
    pub data: Option<Value>,
    /// The authenticated user, if there is one.
    pub authentication: Option<Authentication>,
    /// What the start tied the journey to.
    pub tie: Option<Tie>,
}

impl fmt::Debug for Completed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").finish_non_exhaustive()
    }
}

/// A journey that ended with a rejection.
pub struct Rejected {
    /// The reason. It is the same for every denial.
    pub reason: RejectionReason,
    /// The data of the last step and of the `provide_json_data` steps before it.
    pub data: Option<Value>,
    /// What the start tied the journey to.
    pub tie: Option<Tie>,
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Why a journey was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionReason {
    /// Access is refused.
    AccessRejected,
}

impl RejectionReason {
    /// The reason's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessRejected => "access_rejected",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The session does not exist, has ended, or belongs to another client.
    #[error("the session does not exist or has ended")]
    SessionNotFound,
    /// The challenge was answered before, or belongs to another session.
    #[error("the challenge has been answered")]
    ChallengeUsed,
    /// The journey's definition has changed since the session began.
    #[error("the journey has changed and must be started again")]
    JourneyChanged,
    /// The request is invalid: the fields and the rules that they break.
    #[error("the request is not valid")]
    InvalidSubmission(Vec<InputError>),
    /// Too many journeys wait, for this source or in this replica. No journey was started.
    #[error("too many journeys wait")]
    TooManyWait {
        /// Which limit is reached.
        full: Full,
        /// There is room after this time at the latest.
        retry_after: Duration,
    },
    /// The journey's definition has a mistake.
    #[error("the journey was aborted")]
    Aborted(#[source] Abort),
    /// The verifier refuses this service. The text is for the log.
    #[error("the verifier refuses this service")]
    Misconfigured(String),
    /// A dependency is unavailable; the same request can be sent again.
    #[error("the service is unavailable")]
    Unavailable(#[source] DependencyError),
}

/// Which dependency is unavailable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// The verifier.
    #[error("the verifier is unavailable")]
    Verifier,
    /// The token minter.
    #[error(transparent)]
    Minting(#[from] MintError),
    /// The journey store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The store of revoked grants. The text is for the log.
    #[error("the store of revoked grants is unavailable: {0}")]
    Grants(String),
}

impl From<MintError> for RunError {
    fn from(error: MintError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(DependencyError::Grants(error.to_string()))
    }
}

impl From<StoreFault> for RunError {
    fn from(fault: StoreFault) -> Self {
        Self::Unavailable(fault.into())
    }
}

impl InputRequired {
    pub(super) fn from_prompt(
        prompt: Prompt,
        session: SessionId,
        assertion_id: String,
        challenge: String,
    ) -> Self {
        let mut input = Self {
            session,
            assertion_id,
            challenge,
            kind: StepKind::Form,
            form_id: None,
            app_data: None,
            title: None,
            text: None,
            button_text: None,
            escapes: Vec::new(),
            error: prompt.error.map(StepError::from_prompt),
            json_data: prompt.data,
        };
        input.escapes.extend(prompt.escapes.into_iter().map(|escape| Escape {
            id: escape.id,
            display_name: escape.display_name,
            schema: escape.schema,
        }));
        match prompt.body {
            PromptBody::Form { form_id, app_data } => {
                Self { kind: StepKind::Form, form_id: Some(form_id), app_data, ..input }
            }
            PromptBody::Information { title, text, button_text } => Self {
                kind: StepKind::Information,
                title: Some(title),
                text: Some(text),
                button_text: Some(button_text),
                ..input
            },
        }
    }
}

impl StepError {
    fn from_prompt(error: PromptError) -> Self {
        match error {
            PromptError::InvalidCredentials => {
                Self { code: "invalid_credentials", message: DENIED.to_owned(), inputs: Vec::new() }
            }
            PromptError::ClientResponseNotValid(inputs) => {
                let told: Vec<_> = inputs.iter().map(ToString::to_string).collect();
                let message =
                    format!("Something is missing or cannot be read: {}.", told.join("; "));
                Self { code: "client_response_not_valid", message, inputs }
            }
        }
    }
}
