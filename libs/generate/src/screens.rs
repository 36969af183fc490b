//! What a journey asks for: the form that starts it, and the forms at which it waits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use definitions::{FieldKind, Form, FormField, Journey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::error::GenerateError;
use crate::names::Names;

/// What a journey asks for. A project is up to date while this is unchanged.
#[derive(Serialize)]
pub(crate) struct Screens<'c> {
    /// The parameters that start it.
    pub(crate) start: Vec<Field<'c>>,
    /// Its forms, one for each id.
    pub(crate) forms: Vec<Screen<'c>>,
}

/// A form.
#[derive(Serialize)]
pub(crate) struct Screen<'c> {
    /// The steps that show it.
    pub(crate) steps: Vec<&'c str>,
    pub(crate) form_id: &'c str,
    /// The id as a part of an identifier, which no other form has.
    pub(crate) name: String,
    pub(crate) fields: Vec<Field<'c>>,
    pub(crate) escapes: Vec<&'c str>,
}

/// A field of a form.
#[derive(PartialEq, Eq, Serialize)]
pub(crate) struct Field<'c> {
    pub(crate) name: &'c str,
    pub(crate) label: &'c str,
    pub(crate) kind: FieldKind,
    pub(crate) autocomplete: &'c str,
}

/// What step ids of the Web SDK's own actions begin with.
const ACTION: &str = "action:";

impl<'c> Screens<'c> {
    /// The screens of a journey.
    ///
    /// # Why
    /// The Web SDK tells steps apart by the id of their form alone. So two forms of one id must be
    /// the same, and none may be called like an action of the SDK.
    pub(crate) fn of(journey: &'c Journey) -> Result<Self, GenerateError> {
        let mut names = Names::default();
        let mut forms = Vec::<Screen<'c>>::new();
        for form in journey.forms() {
            let Form { step, form_id, fields, escapes } = form;
            if form_id.starts_with(ACTION) {
                return Err(GenerateError::ReservedForm { step: step.to_owned() });
            }
            let fields: Vec<_> = fields.iter().map(Field::of).collect();
            match forms.iter_mut().find(|it| it.form_id == form_id) {
                None => {
                    let name = names.unique(form_id);
                    forms.push(Screen { steps: vec![step], form_id, name, fields, escapes });
                }
                Some(same) if same.fields == fields => {
                    same.steps.push(step);
                    let new: Vec<_> =
                        escapes.into_iter().filter(|id| !same.escapes.contains(id)).collect();
                    same.escapes.extend(new);
                }
                Some(other) => {
                    return Err(GenerateError::TwoForms {
                        steps: [other.steps[0].to_owned(), step.to_owned()],
                        form_id: form_id.to_owned(),
                    });
                }
            }
        }
        let start = journey.start_fields().iter().map(Field::of).collect();
        Ok(Self { start, forms })
    }

    /// A digest that changes with what the journey asks for.
    pub(crate) fn fingerprint(&self) -> Result<String, GenerateError> {
        let json = serde_json::to_vec(self).map_err(GenerateError::Record)?;
        Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(json)))
    }
}

impl<'c> Field<'c> {
    fn of(field: &FormField<'c>) -> Self {
        // The recovery page's words, where the journey has none.
        let usual = match field.kind {
            FieldKind::Identifier => "User ID",
            FieldKind::Code => "Temporary code",
            FieldKind::Text => field.name,
        };
        let autocomplete = match field.kind {
            FieldKind::Identifier => "username",
            FieldKind::Code => "one-time-code",
            FieldKind::Text => "",
        };
        Self {
            name: field.name,
            label: if field.label == field.name { usual } else { field.label },
            kind: field.kind,
            autocomplete: field.autocomplete.unwrap_or(autocomplete),
        }
    }
}
