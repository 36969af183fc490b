//! Identifiers and codes as clients send them: read as texts, or refused by name before anything is
//! verified.

use codes::user::Identifier;
use definitions::step::{Action, Authenticate, Collect, StepIndex};
use definitions::{Field, Part};
use expressions::{EvaluateError, Path, Purpose, Root, Value, whole_text};
use serde_json::Value as Json;

use super::leg::{Engine, Flow};
use super::state::{MAX_INPUT, mark_secrets, oversized};
use super::{Move, PromptError};
use crate::input::{InputError, TEXT, input_name};
use crate::verdict::Malformed;

/// The longest text of a form's field, in bytes. It may be stored.
const MAX_FIELD: usize = 4 * Identifier::MAX_BYTES;

/// The text of a value that a client sent: a string, or a number with only one decimal form.
pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Number(number) => whole_text(number),
        Value::Null
        | Value::Bool(_)
        | Value::List(_)
        | Value::Object(_)
        | Value::Secret(_)
        | Value::Guarded(_) => None,
    }
}

/// The error for a value of `part` that is not a text.
pub(super) fn no_text(part: Part) -> Malformed {
    Malformed { part, rule: TEXT.to_owned() }
}

impl Engine<'_> {
    /// Stores the declared fields and drops all others, or shows the form again.
    pub(super) fn filled_in(&mut self, form: &Collect, data: Json) -> Move {
        let Json::Object(mut given) = data else {
            return self.ask_again(vec![InputError::new("data", "must be an object")]);
        };
        given.retain(|name, _| form.has_field(name));
        for value in given.values_mut() {
            if let Some(text) = value.as_f64().and_then(whole_text) {
                *value = Json::String(text);
            }
        }
        let mut wrong: Vec<InputError> = form
            .fields
            .iter()
            .filter_map(|Field { name, .. }| match given.get(name).and_then(Json::as_str) {
                None => Some(InputError::new(name, TEXT)),
                Some(text) if text.len() > MAX_FIELD => {
                    Some(InputError::new(name, format!("must be at most {MAX_FIELD} bytes long")))
                }
                Some(_) => None,
            })
            .collect();
        wrong.sort_by(|one, other| one.name.cmp(&other.name));
        let (given, root) = (Json::Object(given), Root::Variable(form.output.clone()));
        if wrong.is_empty() {
            wrong = oversized(self.journey.identifiers(), &root, &given);
        }
        if !wrong.is_empty() {
            return self.ask_again(wrong);
        }
        let fields = mark_secrets(given, &root, self.journey.secrets());
        match fields.and_then(|fields| fields.within(MAX_INPUT)) {
            Ok(fields) => {
                self.state.variables.insert(form.output.clone(), fields);
                self.go(form.submit)
            }
            Err(error) => self.ask_again(vec![InputError::new("data", error.to_string())]),
        }
    }

    /// Asks for a verification. Values that are not texts are refused first: nothing is verified or
    /// counted.
    pub(super) fn authenticate(&mut self, step: &Authenticate) -> Result<Flow, EvaluateError> {
        if self.has_no_failure_left() {
            return Ok(Flow::Out(Move::Reject(self.take_data())));
        }
        let (identifier, code) = self.scoped(|scope| {
            let identifier = step.identifier.expression.evaluate(scope, Purpose::Output);
            (identifier, step.code.expression.secret(scope))
        });
        let sources = |part| step.sources(part);
        let identifier = self.sent(&sources(Part::Identifier), identifier)?.and_then(text);
        let code = self.sent(&sources(Part::Code), code)?.flatten();
        let wrong = [
            identifier.is_none().then(|| no_text(Part::Identifier)),
            code.is_none().then(|| no_text(Part::Code)),
        ];
        let (Some(identifier), Some(code)) = (identifier, code) else {
            return Ok(Flow::Out(self.unreadable(sources, wrong.into_iter().flatten())));
        };
        let identifier_type = step.identifier_type;
        Ok(Flow::Out(Move::Verify { identifier_type, identifier, code }))
    }

    /// Evaluates what a client sent; `None` if the client sent nothing at that path. Other errors
    /// are mistakes in the journey.
    pub(super) fn sent<T>(
        &self,
        sources: &[Path],
        read: Result<T, EvaluateError>,
    ) -> Result<Option<T>, EvaluateError> {
        use EvaluateError::{Index, MemberOfNull, NoMembers};
        let is_sent = |path: &Path| path.root == Root::Request || self.form_of(path).is_some();
        match read {
            Ok(value) => Ok(Some(value)),
            Err(MemberOfNull | NoMembers | Index) if sources.iter().any(is_sent) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Shows the form that the unreadable inputs came from again, with their names. If no form gave
    /// them, refuses the request.
    pub(super) fn unreadable(
        &mut self,
        sources: impl Fn(Part) -> Vec<Path>,
        wrong: impl IntoIterator<Item = Malformed>,
    ) -> Move {
        let (mut errors, mut forms) = (Vec::new(), Vec::new());
        for Malformed { part, rule } in wrong {
            let sources = sources(part);
            let form = sources.iter().find_map(|path| Some((path, self.form_of(path)?)));
            let source = form.map(|(path, _)| path).or(sources.first());
            errors.push(InputError::new(
                source.map_or_else(|| part.key().to_owned(), input_name),
                rule,
            ));
            forms.push(form.map(|(_, form)| form));
        }
        match forms.into_iter().collect::<Option<Vec<_>>>().as_deref() {
            Some([form, ..]) => {
                self.state.step = *form;
                self.ask_again(errors)
            }
            _ => Move::Refuse(errors),
        }
    }

    fn ask_again(&mut self, wrong: Vec<InputError>) -> Move {
        self.ask(Some(PromptError::ClientResponseNotValid(wrong)))
    }

    /// The form that gave the value at `path`: the one that was just answered, else the first that
    /// can give it.
    fn form_of(&self, path: &Path) -> Option<StepIndex> {
        let Root::Variable(name) = &path.root else { return None };
        let gives = |&index: &StepIndex| match &self.journey.step(index).action {
            Action::Collect(form) => form.output == *name,
            _ => false,
        };
        self.state.leg.answered.filter(gives).or_else(|| self.journey.indexes().find(gives))
    }
}
