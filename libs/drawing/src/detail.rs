//! What a step works on, in one line.

use definitions::step::{Action, Collect, Data};

/// The keys of a step that tell it from others of its type; empty if it has none.
pub(crate) fn detail(action: &Action) -> String {
    match action {
        Action::Authenticate(step) => {
            format!("{}, {}", step.identifier.expression, step.code.expression)
        }
        Action::Pair(step) => step.identifier.expression.to_string(),
        Action::Collect(form) => fields(form),
        Action::Inform { title, .. } => title.to_string(),
        Action::Decide { expression, .. } => expression.expression.to_string(),
        Action::Assign { variables, .. } => names(variables),
        Action::Repeat { condition, max_iterations, .. } => {
            let bound = format!("at most {max_iterations} times");
            let while_true =
                |it: &definitions::step::Located| format!("{bound} while {}", it.expression);
            condition.as_ref().map_or_else(|| bound.clone(), while_true)
        }
        Action::Provide { data, .. } => names(data),
        Action::Call(call) => call.journey.to_string(),
        Action::Complete(end) | Action::Reject(end) => names(&end.data),
    }
}

fn fields(form: &Collect) -> String {
    let names: Vec<_> = form.fields.iter().map(|field| field.name.as_str()).collect();
    names.join(", ")
}

fn names(data: &Data) -> String {
    let names: Vec<_> = data.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}
