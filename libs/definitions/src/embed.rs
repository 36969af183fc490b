//! The steps of a sub-journey as part of the journey that runs it.
//!
//! The steps and variables of a sub-journey that the step `CALL` runs are named `CALL.NAME`. A parameter
//! that is a plain path is replaced by that path, so that a temporary code stays marked as secret. The
//! value of any other parameter is kept in the variable `CALL.@NAME`.

use std::collections::BTreeMap;

use expressions::{Expression, Path, Root};

use crate::Journey;
use crate::step::{
    Action, Authenticate, Back, Call, Collect, Data, End, Exit, Located, Pair, Step, StepIndex,
};
use crate::template::Template;

/// A journey that becomes part of another.
pub(crate) struct Embedding<'j> {
    journey: &'j Journey,
    /// The variables of computed parameters.
    pub(crate) computed: Data,
    params: BTreeMap<String, Expression>,
    back: Back,
    failure: Option<StepIndex>,
    line: u64,
    offset: StepIndex,
}

impl<'j> Embedding<'j> {
    /// The journey as the step `id` on `line` runs it, to follow the first `offset` steps.
    pub(crate) fn new(
        journey: &'j Journey,
        call: &Call,
        (id, line, offset): (&str, u64, StepIndex),
    ) -> Self {
        let (mut params, mut computed) = (BTreeMap::new(), Data::new());
        for (name, value) in &call.params {
            if value.expression.path().is_some() {
                params.insert(name.clone(), value.expression.clone());
                continue;
            }
            let variable = format!("{id}.@{name}");
            let path = Path { root: Root::Variable(variable.clone()), keys: Vec::new() };
            params.insert(name.clone(), Expression::of(&path));
            computed.push((variable, value.clone()));
        }
        let (output, target) = (call.output.clone(), call.success);
        let back = Back { call: id.to_owned(), output, target };
        Self { journey, computed, params, back, failure: call.failure, line, offset }
    }

    /// Why the journey cannot be run so.
    pub(crate) fn faults(&self) -> Vec<String> {
        let Self { journey, params, .. } = self;
        let mut faults = Vec::new();
        if !journey.inputs.params.is_named() {
            faults.push("must read each of its parameters by its name".to_owned());
        }
        let missing = journey.params().iter().filter(|name| !params.contains_key(*name));
        faults.extend(missing.map(|name| format!("needs the parameter `{name}`: null for none")));
        let unknown = params.keys().filter(|name| !journey.params().contains(*name));
        faults.extend(unknown.map(|name| format!("has no parameter `{name}`")));
        let rejects = |step: &Step| matches!(&step.action, Action::Reject(End { back: None, .. }));
        if self.failure.is_none() && journey.steps.iter().any(rejects) {
            faults.push("can reject: add the branch `failure`".to_owned());
        }
        for path in &journey.secrets {
            let code = Expression::of(path).embedded(&self.back.call, params);
            if Authenticate::code_path(&code).is_none() {
                let rule = "must be a plain path such as `form.temp_code`";
                faults.push(format!("takes its temporary code from `{path}`, which {rule}"));
            }
        }
        faults
    }

    /// The steps, in the order of the journey.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        self.journey.steps.iter().map(|step| Step {
            id: self.name(&step.id),
            line: self.line,
            action: self.action(&step.action),
        })
    }

    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.back.call)
    }

    fn expression(&self, expression: &Expression) -> Expression {
        expression.embedded(&self.back.call, &self.params)
    }

    fn template(&self, template: &Template) -> Template {
        template.map(&|inner| self.expression(inner))
    }

    const fn at(&self, target: StepIndex) -> StepIndex {
        self.offset + target
    }

    fn located(&self, located: &Located) -> Located {
        Located { line: self.line, expression: self.expression(&located.expression) }
    }

    fn data(&self, data: &Data) -> Data {
        data.iter().map(|(key, value)| (key.clone(), self.located(value))).collect()
    }

    fn variables(&self, data: &Data) -> Data {
        data.iter().map(|(name, value)| (self.name(name), self.located(value))).collect()
    }

    fn end(&self, end: &End, target: StepIndex) -> End {
        let back = match &end.back {
            Some(back) => Back {
                call: self.name(&back.call),
                output: back.output.as_ref().map(|name| self.name(name)),
                target: self.at(back.target),
            },
            None => Back { target, ..self.back.clone() },
        };
        // Without an output, no step reads the data.
        let data = if back.output.is_some() { self.data(&end.data) } else { Data::new() };
        End { data, back: Some(back) }
    }

    fn action(&self, action: &Action) -> Action {
        match action {
            Action::Authenticate(step) => self.authenticate(step),
            Action::Pair(step) => Action::Pair(Pair {
                identifier: self.located(&step.identifier),
                identifier_type: step.identifier_type,
                output: self.name(&step.output),
                next: self.at(step.next),
                failure: step.failure.map(|target| self.at(target)),
            }),
            Action::Collect(form) => self.collect(form),
            Action::Inform { title, text: body, button_text, next } => Action::Inform {
                title: self.template(title),
                text: self.template(body),
                button_text: self.template(button_text),
                next: self.at(*next),
            },
            Action::Decide { expression, when_true, when_false, otherwise } => Action::Decide {
                expression: self.located(expression),
                when_true: self.at(*when_true),
                when_false: self.at(*when_false),
                otherwise: otherwise.map(|target| self.at(target)),
            },
            Action::Assign { variables, next } => {
                Action::Assign { variables: self.variables(variables), next: self.at(*next) }
            }
            Action::Repeat { condition, max_iterations, body, done, exhausted } => Action::Repeat {
                condition: condition.as_ref().map(|condition| self.located(condition)),
                max_iterations: *max_iterations,
                body: self.at(*body),
                done: self.at(*done),
                exhausted: self.at(*exhausted),
            },
            Action::Provide { data, next } => {
                Action::Provide { data: self.data(data), next: self.at(*next) }
            }
            Action::Call(call) => Action::Call(Call {
                journey: call.journey.clone(),
                params: self.variables(&call.params),
                output: call.output.as_ref().map(|name| self.name(name)),
                entry: self.at(call.entry),
                success: self.at(call.success),
                failure: call.failure.map(|target| self.at(target)),
            }),
            Action::Complete(end) => Action::Complete(self.end(end, self.back.target)),
            // `faults` refuses a journey that rejects where there is no branch `failure`.
            Action::Reject(end) => {
                Action::Reject(self.end(end, self.failure.unwrap_or(self.back.target)))
            }
        }
    }

    fn authenticate(&self, step: &Authenticate) -> Action {
        let code = self.located(&step.code);
        Action::Authenticate(Authenticate {
            identifier: self.located(&step.identifier),
            identifier_type: step.identifier_type,
            code_path: Authenticate::code_path(&code.expression)
                .unwrap_or_else(|| step.code_path.clone()),
            code,
            error_output: step.error_output.as_ref().map(|name| self.name(name)),
            success: self.at(step.success),
            failure: step.failure.map(|target| self.at(target)),
            expired: step.expired.map(|target| self.at(target)),
        })
    }

    fn collect(&self, form: &Collect) -> Action {
        let escape = |exit: &Exit| Exit {
            id: exit.id.clone(),
            display_name: self.template(&exit.display_name),
            schema: exit.schema.clone(),
            target: self.at(exit.target),
        };
        Action::Collect(Collect {
            form_id: form.form_id.clone(),
            fields: form.fields.clone(),
            app_data: form.app_data.as_ref().map(|template| self.template(template)),
            output: self.name(&form.output),
            escapes: form.escapes.iter().map(escape).collect(),
            submit: self.at(form.submit),
        })
    }
}
