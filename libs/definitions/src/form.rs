//! The forms of a journey as a page shows them: their fields and escapes.

use expressions::{Path, Root};
use serde::Serialize;

use crate::Journey;
use crate::field::{Field, FieldKind};
use crate::step::Collect;

/// A form of a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Form<'j> {
    /// The step that shows it, and so the `assertion_id` of its answers. Two steps may show forms of
    /// one id.
    pub step: &'j str,
    /// The form's id.
    pub form_id: &'j str,
    /// Its fields, in the order of the file.
    pub fields: Vec<FormField<'j>>,
    /// The ids of its escapes. Their names come with each prompt: they may be expressions.
    pub escapes: Vec<&'j str>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormField<'j> {
    /// The name under which it is submitted.
    pub name: &'j str,
    /// The label on the page; the name if the file has none.
    pub label: &'j str,
    /// What it takes: as the file says, or else as the journey uses it.
    pub kind: FieldKind,
    /// The value of the HTML attribute `autocomplete`.
    pub autocomplete: Option<&'j str>,
}

impl<'j> Form<'j> {
    pub(super) fn of(journey: &Journey, step: &'j str, form: &'j Collect) -> Self {
        let field = |field: &'j Field| FormField {
            name: &field.name,
            label: field.label.as_deref().unwrap_or(&field.name),
            kind: field.kind.unwrap_or_else(|| {
                let root = Root::Variable(form.output.clone());
                FieldKind::of(journey, &Path { root, keys: vec![field.name.clone()] })
            }),
            autocomplete: field.autocomplete.as_deref(),
        };
        Self {
            step,
            form_id: &form.form_id,
            fields: form.fields.iter().map(field).collect(),
            escapes: form.escapes.iter().map(|exit| exit.id.as_str()).collect(),
        }
    }
}

impl Journey {
    /// The fields of the form that starts the journey: the parameters that no run of it can do
    /// without, identifiers first and codes last.
    pub fn start_fields(&self) -> Vec<FormField<'_>> {
        let required = self.parameters().filter(|it| it.is_required);
        let mut fields: Vec<_> = required
            .map(|it| FormField {
                name: it.name,
                label: it.name,
                kind: it.kind,
                autocomplete: None,
            })
            .collect();
        fields.sort_by_key(|field| match field.kind {
            FieldKind::Identifier => 0,
            FieldKind::Text => 1,
            FieldKind::Code => 2,
        });
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_described_as_the_file_says_or_else_as_it_is_used() {
        let journey = Journey::parse(
            "j.yaml",
            r#"id: x
start: ask
steps:
  ask:
    type: collect_information
    form_id: f
    fields: [user, { name: name, label: Your name, kind: text, autocomplete: name }, code, note]
    output: form
    escapes: [{ id: help, display_name: "`${form.note}`" }]
    on: { submit: verify, help: denied }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    on: { success: done, failure: ask }
  done: { type: complete }
  denied: { type: reject_access }
"#,
        )
        .expect("a journey");
        let forms: Vec<_> = journey.forms().collect();
        let [form] = forms.as_slice() else { panic!("{forms:?}") };
        assert_eq!((form.step, form.form_id, form.escapes.as_slice()), ("ask", "f", &["help"][..]));
        let plain = |name, kind| FormField { name, label: name, kind, autocomplete: None };
        let named = FormField {
            name: "name",
            label: "Your name",
            kind: FieldKind::Text,
            autocomplete: Some("name"),
        };
        let fields = [
            plain("user", FieldKind::Identifier),
            named,
            plain("code", FieldKind::Code),
            plain("note", FieldKind::Text),
        ];
        assert_eq!(form.fields, fields);
    }

    #[test]
    fn a_journey_that_needs_parameters_starts_with_a_form_of_them() {
        let verify = "    external_user_id: \"@policy.request().params.user\"\n    \
            temp_code: \"@policy.request().params.code\"\n    on: { success: b }\n";
        let yaml = format!(
            "id: x\nstart: a\nsteps:\n  a:\n    type: temp_code_authentication\n{verify}  \
             b: {{ type: complete, data: {{ n: \"@policy.request().params.note ?? null\" }} }}\n"
        );
        let journey = Journey::parse("x.yaml", &yaml).expect("a journey");
        let fields = journey.start_fields();
        let fields: Vec<_> = fields.iter().map(|it| (it.name, it.kind)).collect();
        assert_eq!(fields, [("user", FieldKind::Identifier), ("code", FieldKind::Code)]);
    }
}
