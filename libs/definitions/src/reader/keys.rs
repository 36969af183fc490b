//! The keys of each type of step.

use codes::user::IdentifierType;
use expressions::Path;
use yaml::{Content, Fields, Node};

use super::{NOWHERE, StepReader};
use crate::id::JourneyId;
use crate::step::{Action, Authenticate, Call, Collect, Exit, Located, Pair};
use crate::{MAX_ITERATIONS, values};

impl<'y> StepReader<'_, 'y> {
    pub(super) fn authenticate(&mut self) -> Option<Action> {
        let identifier = self.expression("external_user_id");
        let code = self.expression("temp_code");
        let code_path = code.as_ref().and_then(|code| self.code_path(code));
        let identifier_type = self.identifier_type();
        let error_output = self.optional_name("error_output");
        let (success, failure) = (self.branch("success"), self.optional_branch("failure"));
        let expired = self.optional_branch("expired");
        Some(Action::Authenticate(Authenticate {
            identifier: identifier?,
            identifier_type: identifier_type?,
            code: code?,
            code_path: code_path?,
            error_output,
            success: success?,
            failure,
            expired,
        }))
    }

    pub(super) fn pair(&mut self) -> Option<Action> {
        let identifier = self.expression("external_user_id");
        let identifier_type = self.identifier_type();
        let output = self.required("output").and_then(|yaml| self.name(yaml, "output"));
        let (next, failure) = (self.branch("next"), self.optional_branch("failure"));
        Some(Action::Pair(Pair {
            identifier: identifier?,
            identifier_type: identifier_type?,
            output: output?,
            next: next?,
            failure,
        }))
    }

    fn identifier_type(&mut self) -> Option<IdentifierType> {
        let Some(yaml) = self.fields.optional("identifier_type") else {
            return Some(IdentifierType::UserId);
        };
        let kind = IdentifierType::parse(self.notes.text(yaml, "identifier_type")?);
        if kind.is_none() {
            let names = IdentifierType::ALL.map(IdentifierType::as_str).join(", ");
            self.notes.add(yaml.line, format!("identifier_type must be one of {names}"));
        }
        kind
    }

    fn code_path(&mut self, code: &Located) -> Option<Path> {
        let path = Authenticate::code_path(&code.expression);
        if path.is_none() {
            let examples = "`@policy.request().params.temp_code` or `form.temp_code`";
            let reason = format!("must be a plain path such as {examples}");
            self.notes.add(code.line, format!("{} {reason}", self.what("temp_code")));
        }
        path
    }

    pub(super) fn collect(&mut self) -> Option<Action> {
        let form_id = self.required("form_id");
        let form_id = form_id.and_then(|yaml| self.notes.text(yaml, "form_id"));
        let fields = self.required("fields").and_then(|yaml| self.form_fields(yaml));
        let what = self.what("app_data");
        let app_data = self.fields.optional("app_data");
        let app_data = app_data.map(|yaml| values::template(self.notes, yaml, &what));
        let output = self.required("output").and_then(|yaml| self.name(yaml, "output"));
        let escapes = self.fields.optional("escapes");
        let escapes = escapes.map(|yaml| self.escapes(yaml)).unwrap_or_default();
        let submit = self.branch("submit");
        Some(Action::Collect(Collect {
            form_id: form_id?.to_owned(),
            fields: fields?,
            app_data,
            output: output?,
            escapes,
            submit: submit?,
        }))
    }

    fn escapes(&mut self, yaml: &'y Node) -> Vec<Exit> {
        let Content::List(items) = &yaml.content else {
            let what = self.what("escapes");
            self.notes.add(yaml.line, format!("{what} must be a list"));
            return Vec::new();
        };
        let mut exits = Vec::<Exit>::new();
        for item in items {
            let exit = self.escape(item);
            if let Some(exit) = exit {
                let is_known = exits.iter().any(|other| other.id == exit.id);
                if is_known || ["submit", "client_input"].contains(&exit.id.as_str()) {
                    let reason = format!("the escape id `{}` is taken", exit.id);
                    self.notes.add(item.line, format!("{}: {reason}", self.what));
                }
                exits.push(exit);
            }
        }
        exits
    }

    fn escape(&mut self, item: &'y Node) -> Option<Exit> {
        let what = format!("{}: an escape", self.what);
        let mut fields = Fields::of(self.notes, item, &what);
        let id = fields.required(self.notes, "id");
        let id = id.and_then(|yaml| self.notes.text(yaml, "an escape's id"));
        let display_name = fields.required(self.notes, "display_name");
        let display_name = display_name
            .map(|yaml| values::text_template(self.notes, yaml, "an escape's display_name"));
        let schema = fields.optional("schema").map(values::to_json);
        fields.finish(self.notes);
        let target = id.and_then(|id| self.branch(id));
        Some(Exit { id: id?.to_owned(), display_name: display_name?, schema, target: target? })
    }

    pub(super) fn inform(&mut self) -> Option<Action> {
        let mut text = |key| {
            let what = self.what(key);
            self.required(key).map(|yaml| values::text_template(self.notes, yaml, &what))
        };
        let (title, body, button_text) = (text("title"), text("text"), text("button_text"));
        let next = self.branch("next");
        Some(Action::Inform { title: title?, text: body?, button_text: button_text?, next: next? })
    }

    pub(super) fn decide(&mut self) -> Option<Action> {
        let expression = self.expression("expression");
        let (when_true, when_false) = (self.branch("true"), self.branch("false"));
        let otherwise = self.optional_branch("otherwise");
        Some(Action::Decide {
            expression: expression?,
            when_true: when_true?,
            when_false: when_false?,
            otherwise,
        })
    }

    pub(super) fn assign(&mut self) -> Option<Action> {
        let what = self.what("variables");
        let variables = self.required("variables").map(|yaml| {
            let variables = values::data(self.notes, yaml, &what);
            for (name, value) in &variables {
                values::check_name(self.notes, value.line, name, "a variable's name");
            }
            variables
        });
        let next = self.branch("next");
        Some(Action::Assign { variables: variables?, next: next? })
    }

    pub(super) fn repeat(&mut self) -> Option<Action> {
        let condition = self.fields.optional("while");
        let what = self.what("while");
        let condition = condition.map(|yaml| values::expression(self.notes, yaml, &what));
        let max_iterations = self.required("max_iterations").and_then(|yaml| {
            let number = match yaml.content {
                Content::Integer(number) => u32::try_from(number).ok(),
                // As text, a whole number has no fraction: 3.0 is 3.
                Content::Number(number) => number.to_string().parse().ok(),
                _ => None,
            };
            let number = number.filter(|number| (1..=MAX_ITERATIONS).contains(number));
            if number.is_none() {
                let reason = format!("must be a whole number from 1 to {MAX_ITERATIONS}");
                let what = self.what("max_iterations");
                self.notes.add(yaml.line, format!("{what} {reason}"));
            }
            number
        });
        let what = self.what("body");
        let body = self.required("body").map(|yaml| self.target(yaml, &what));
        let (done, exhausted) = (self.branch("done"), self.branch("exhausted"));
        Some(Action::Repeat {
            condition,
            max_iterations: max_iterations?,
            body: body?,
            done: done?,
            exhausted: exhausted?,
        })
    }

    pub(super) fn provide(&mut self) -> Option<Action> {
        let what = self.what("data");
        let data = self.required("data").map(|yaml| values::data(self.notes, yaml, &what));
        let next = self.branch("next");
        Some(Action::Provide { data: data?, next: next? })
    }

    /// Its journey is looked up when the files are linked.
    pub(super) fn call(&mut self) -> Option<Action> {
        let journey = self.required("journey").and_then(|yaml| {
            let id = JourneyId::parse(self.notes.text(yaml, "journey")?);
            let what = self.what("journey");
            self.notes.check(yaml.line, &what, id)
        });
        let params = self.data("params");
        let output = self.optional_name("output");
        let (success, failure) = (self.branch("success"), self.optional_branch("failure"));
        Some(Action::Call(Call {
            journey: journey?,
            params,
            output,
            entry: NOWHERE,
            success: success?,
            failure,
        }))
    }
}
