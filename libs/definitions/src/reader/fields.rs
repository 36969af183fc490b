//! The fields of `collect_information`: names alone, or maps with a label and a kind.

use yaml::{Content, Fields, Node};

use super::StepReader;
use crate::field::{Field, FieldKind};

/// The longest label, in characters.
const MAX_LABEL: usize = 120;

impl<'y> StepReader<'_, 'y> {
    pub(super) fn form_fields(&mut self, yaml: &'y Node) -> Option<Vec<Field>> {
        let items = match &yaml.content {
            Content::List(items) if !items.is_empty() => items,
            _ => {
                let what = self.what("fields");
                self.notes.add(yaml.line, format!("{what} must be a list of fields"));
                return None;
            }
        };
        let mut fields = Vec::<Field>::new();
        for item in items {
            let Some(field) = self.form_field(item) else { continue };
            if fields.iter().any(|other| other.name == field.name) {
                let what = self.what("fields");
                self.notes.add(item.line, format!("{what}: a name stands twice"));
            }
            fields.push(field);
        }
        Some(fields)
    }

    fn form_field(&mut self, item: &'y Node) -> Option<Field> {
        if !matches!(item.content, Content::Map(_)) {
            let name = self.name(item, "fields")?;
            return Some(Field { name, label: None, kind: None, autocomplete: None });
        }
        let what = format!("{}: a field", self.what);
        let mut keys = Fields::of(self.notes, item, &what);
        let name = keys.required(self.notes, "name").and_then(|yaml| self.name(yaml, "fields"));
        let label = keys.required(self.notes, "label").and_then(|yaml| self.label(yaml));
        let kind = keys.required(self.notes, "kind").and_then(|yaml| self.kind(yaml));
        let autocomplete = keys.optional("autocomplete");
        let autocomplete = autocomplete.and_then(|yaml| self.autocomplete(yaml));
        keys.finish(self.notes);
        Some(Field { name: name?, label, kind, autocomplete })
    }

    fn label(&mut self, yaml: &Node) -> Option<String> {
        let text = self.notes.text(yaml, "a field's label")?;
        if text.chars().count() > MAX_LABEL {
            let rule = format!("must be at most {MAX_LABEL} characters");
            self.notes.add(yaml.line, format!("{}: a field's label {rule} long", self.what));
        }
        Some(text.to_owned())
    }

    fn kind(&mut self, yaml: &Node) -> Option<FieldKind> {
        let name = self.notes.text(yaml, "a field's kind")?;
        let kind = FieldKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        if kind.is_none() {
            let names = FieldKind::ALL.map(FieldKind::as_str).join(", ");
            let rule = format!("must be one of {names}");
            self.notes.add(yaml.line, format!("{}: a field's kind {rule}", self.what));
        }
        kind
    }

    /// The page sets it as the HTML attribute of that name.
    fn autocomplete(&mut self, yaml: &Node) -> Option<String> {
        let text = self.notes.text(yaml, "a field's autocomplete")?;
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b" -".contains(&b);
        if !(1..=64).contains(&text.len()) || !text.bytes().all(is_plain) {
            let rule =
                "must be a value of the HTML attribute, such as `username` or `one-time-code`";
            self.notes.add(yaml.line, format!("{}: a field's autocomplete {rule}", self.what));
        }
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::Journey;

    #[test]
    fn a_mistake_in_a_field_is_reported_with_its_line() {
        for (field, problem) in [
            ("{ name: user }", "a field: missing key `label`"),
            (
                &format!("{{ name: user, label: {}, kind: text }}", "x".repeat(121)),
                "a field's label must be at most 120 characters",
            ),
            (
                "{ name: user, label: User, kind: pin }",
                "a field's kind must be one of identifier, code, text",
            ),
            (
                "{ name: user, label: User, kind: text, autocomplete: '\"x' }",
                "a field's autocomplete must be a value of the HTML attribute",
            ),
        ] {
            let yaml = format!(
                "id: x\nstart: ask\nsteps:\n  ask:\n    type: collect_information\n    \
                 form_id: f\n    fields: [{field}, note]\n    output: form\n    \
                 on: {{ submit: done }}\n  done: {{ type: complete }}\n"
            );
            let problems = Journey::parse("j.yaml", &yaml).expect_err(field);
            let expected = format!("j.yaml:7: step `ask`: {problem}");
            assert!(
                problems.iter().any(|it| it.to_string().starts_with(&expected)),
                "{problems:?}"
            );
        }
    }
}
