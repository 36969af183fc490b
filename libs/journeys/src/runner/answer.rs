//! What comes out of a runner.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::tally::Full;
use crate::engine::state::DENIED;
use crate::engine::{Abort, Prompt, PromptBody, PromptError};
use crate::ids::SessionId;
use crate::input::InputError;
use crate::ports::{MintError, StoreFault};

/// Where a journey stands. No `Debug` here shows more than that.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "an answer is moved once, to whoever writes it out")]
pub enum Answer {
    /// It waits for the client.
    InputRequired(InputRequired),
    /// It ended well.
    Completed(Completed),
    /// It ended badly.
    Rejected(Rejected),
}

/// What a waiting step is.
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

/// A journey that waits for the client.
pub struct InputRequired {
    /// Names the waiting journey.
    pub session: SessionId,
    /// The step that waits.
    pub assertion_id: String,
    /// Good for one submission.
    pub challenge: String,
    /// What the step is.
    pub kind: StepKind,
    /// The form's id; a form has one.
    pub form_id: Option<String>,
    /// What the form is to show.
    pub app_data: Option<Value>,
    /// The title; an information has one.
    pub title: Option<String>,
    /// The text; an information has one.
    pub text: Option<String>,
    /// What the button says; an information has it.
    pub button_text: Option<String>,
    /// The ways out, besides `client_input`.
    pub escapes: Vec<Escape>,
    /// Why the step is shown again.
    pub error: Option<StepError>,
    /// What `provide_json_data` gave.
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

/// A way out of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Escape {
    /// What to submit as the option.
    pub id: String,
    /// What to call it.
    pub display_name: String,
    /// A JSON Schema of its data, where there is one.
    pub schema: Option<Value>,
}

/// Why a step is shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// `invalid_credentials` or `client_response_not_valid`.
    pub code: &'static str,
    /// A sentence for people. The same for all who fail.
    pub message: String,
    /// The fields that cannot be read, for the log; none where the code was denied.
    pub inputs: Vec<InputError>,
}

/// A journey that ended well.
pub struct Completed {
    /// The journey token.
    pub token: String,
    /// The data of the last step, and of those that provided some for it.
    pub data: Option<Value>,
}

impl fmt::Debug for Completed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").finish_non_exhaustive()
    }
}

/// A journey that ended badly.
pub struct Rejected {
    /// Why. The same for all who fail.
    pub reason: RejectionReason,
    /// The data of the last step, and of those that provided some for it.
    pub data: Option<Value>,
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Why a journey ended badly.
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
    /// The session does not exist, has ended, or is another client's.
    #[error("the session does not exist or has ended")]
    SessionNotFound,
    /// The challenge was answered before, or is not this session's.
    #[error("the challenge has been answered")]
    ChallengeUsed,
    /// The journey's definition is not the one the session began with.
    #[error("the journey has changed and must be started again")]
    JourneyChanged,
    /// The request itself is wrong: which fields, and why.
    #[error("the request is not valid")]
    InvalidSubmission(Vec<InputError>),
    /// The limit of waiting journeys is reached, of the source or of the replica. Nothing was begun.
    #[error("too many journeys wait")]
    TooManyWait {
        /// What is full.
        full: Full,
        /// When there is room again at the latest.
        retry_after: Duration,
    },
    /// The journey's definition does not say how to go on.
    #[error("the journey was aborted")]
    Aborted(#[source] Abort),
    /// The verifier refuses this service. The text is for the log.
    #[error("the verifier refuses this service")]
    Misconfigured(String),
    /// Something outside cannot serve now; the same request can be sent again.
    #[error("the service is unavailable")]
    Unavailable(#[source] DependencyError),
}

/// Which dependency is unavailable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// The verifier.
    #[error("the verifier is unavailable")]
    Verifier,
    /// The minting of tokens.
    #[error(transparent)]
    Minting(#[from] MintError),
    /// The journey store.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl From<MintError> for RunError {
    fn from(error: MintError) -> Self {
        Self::Unavailable(error.into())
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
