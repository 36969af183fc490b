//! Where a rehearsal stands, as a page shows it to the author.

use definitions::{FieldKind, Journey};
use journeys::engine::{Prompt, PromptBody, PromptError};
use journeys::input::InputError;
use serde_json::Value;

use crate::{RehearsalError, Stop};

/// The answers that the author can give, and what led there.
pub struct View<'j> {
    /// The steps on the way.
    pub trail: Vec<&'j str>,
    /// The variables as JSON.
    pub variables: Vec<(String, String)>,
    /// What comes next.
    pub stage: Stage<'j>,
}

/// What the author can do next.
pub enum Stage<'j> {
    /// The start needs these parameters.
    Parameters {
        /// The parameters.
        fields: Vec<Field<'j>>,
        /// What is wrong with those that were given.
        wrong: Vec<String>,
    },
    /// A form.
    Form {
        /// The form's ID.
        title: String,
        /// The form's fields.
        fields: Vec<Field<'j>>,
        /// The escapes: their IDs and what they are called.
        escapes: Vec<(String, String)>,
        /// What the page is sent with the form, as JSON.
        app_data: String,
        /// What is wrong with the latest answer.
        wrong: Vec<String>,
    },
    /// A page with a button.
    Page {
        /// The title.
        title: String,
        /// The text.
        text: String,
        /// The button's text.
        button: String,
    },
    /// The outcome of a verification.
    Verify(String),
    /// The outcome of a pairing.
    Pair(String),
    /// The journey ended so, with this data.
    End {
        /// Whether the user gets in.
        is_good: bool,
        /// How it ended.
        text: String,
        /// The data of the end, as JSON.
        data: String,
    },
}

/// A field of a form.
pub struct Field<'j> {
    /// The name in answers.
    pub name: &'j str,
    /// The label.
    pub label: &'j str,
    /// Whether it takes a code.
    pub is_code: bool,
}

impl<'j> View<'j> {
    /// The view of a scene, or why the script cannot be played.
    pub fn of(journey: &'j Journey, played: Result<crate::Scene<'j>, RehearsalError>) -> Self {
        let scene = match played {
            Ok(scene) => scene,
            Err(error) => {
                let text = format!("The script cannot be played: {error}.");
                let stage = Stage::End { is_good: false, text, data: String::new() };
                return Self { trail: Vec::new(), variables: Vec::new(), stage };
            }
        };
        let variables =
            scene.variables.iter().map(|(name, value)| (name.clone(), value.to_string()));
        let variables = variables.collect();
        let end = |is_good, text: &str, data: Option<Value>| Stage::End {
            is_good,
            text: text.to_owned(),
            data: data.map(|data| data.to_string()).unwrap_or_default(),
        };
        let stage = match scene.stop {
            Stop::Asks(prompt) => asked(journey, scene.trail.last().copied(), prompt),
            Stop::Verifies(_, user) => Stage::Verify(user),
            Stop::Pairs(_, user) => Stage::Pair(user),
            Stop::Completed(data) => end(true, "The journey completed.", data),
            Stop::Rejected(data) => end(false, "The journey rejected the user.", data),
            Stop::Refused(wrong) => {
                Stage::Parameters { fields: parameters(journey), wrong: told(&wrong) }
            }
            Stop::Aborted(abort) => end(false, &format!("The journey was aborted: {abort}"), None),
        };
        Self { trail: scene.trail, variables, stage }
    }
}

fn asked<'j>(journey: &'j Journey, step: Option<&str>, prompt: Prompt) -> Stage<'j> {
    let wrong = match &prompt.error {
        None => Vec::new(),
        Some(PromptError::InvalidCredentials) => vec!["The code was denied.".to_owned()],
        Some(PromptError::ClientResponseNotValid(wrong)) => told(wrong),
    };
    match prompt.body {
        PromptBody::Information { title, text, button_text } => {
            Stage::Page { title, text, button: button_text }
        }
        PromptBody::Form { form_id, app_data } => {
            let form = journey.forms().find(|form| Some(form.step) == step);
            let fields = form.map(|form| form.fields).unwrap_or_default();
            let escapes = prompt.escapes.into_iter().map(|it| (it.id, it.display_name));
            Stage::Form {
                title: form_id,
                fields: fields.iter().map(Field::of).collect(),
                escapes: escapes.collect(),
                app_data: app_data.map(|data| data.to_string()).unwrap_or_default(),
                wrong,
            }
        }
    }
}

fn told(wrong: &[InputError]) -> Vec<String> {
    wrong.iter().map(ToString::to_string).collect()
}

fn parameters(journey: &Journey) -> Vec<Field<'_>> {
    let parameters = journey.parameters();
    let field = |it: definitions::Parameter<'_>| it.kind == FieldKind::Code;
    parameters.map(|it| Field { name: it.name, label: it.name, is_code: field(it) }).collect()
}

impl<'j> Field<'j> {
    fn of(field: &definitions::FormField<'j>) -> Self {
        Self { name: field.name, label: field.label, is_code: field.kind == FieldKind::Code }
    }
}
