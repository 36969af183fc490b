//! Where a rehearsal stands, as the playground shows it.

use definitions::{FieldKind, Journey};
use journeys::engine::{Prompt, PromptBody, PromptError};
use journeys::input::InputError;
use rehearsal::{RehearsalError, Stop};
use serde_json::Value;

/// The answers that the author can give, and what led there.
pub(super) struct Scene<'j> {
    /// The steps on the way.
    pub(super) trail: Vec<&'j str>,
    /// The variables as JSON.
    pub(super) variables: Vec<(String, String)>,
    pub(super) stage: Stage<'j>,
}

/// What the author can do next.
pub(super) enum Stage<'j> {
    /// The start needs these parameters.
    Parameters { fields: Vec<Field<'j>>, wrong: Vec<String> },
    /// A form.
    Form {
        title: String,
        fields: Vec<Field<'j>>,
        escapes: Vec<(String, String)>,
        /// What the page is sent with the form, as JSON.
        app_data: String,
        wrong: Vec<String>,
    },
    /// A page with a button.
    Page { title: String, text: String, button: String },
    /// The outcome of a verification.
    Verify(String),
    /// The outcome of a pairing.
    Pair(String),
    /// The journey ended so, with this data.
    End { is_good: bool, text: String, data: String },
}

/// A field of a form.
pub(super) struct Field<'j> {
    pub(super) name: &'j str,
    pub(super) label: &'j str,
    pub(super) is_code: bool,
}

impl<'j> Scene<'j> {
    /// The scene, or why the script cannot be played.
    pub(super) fn of(
        journey: &'j Journey,
        played: Result<rehearsal::Scene<'j>, RehearsalError>,
    ) -> Self {
        let scene = match played {
            Ok(scene) => scene,
            Err(error) => {
                let text = crate::words::sentence(&error.to_string());
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
