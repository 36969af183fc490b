//! Checks that nothing secret can get out of a journey, and that each variable has one owner.
//!
//! - The temporary code comes straight from a parameter or a form's field. No other expression may
//!   read it, or anything that holds it; it may be compared with null.
//! - The `code` of an error says why a verification failed. A decision may compare it with a quoted
//!   string, since the author then chooses the way; no other expression may read it.
//! - The user's tokens go into an answer, never into a variable: variables are stored while a
//!   journey waits.
//!
//! The evaluator refuses the same at run time: this is the first line, that is the second.

use std::collections::{BTreeMap, BTreeSet};

use expressions::{Expression, Function, Path, Purpose, Read, Root, Usage};
use yaml::Notes;

use crate::Journey;
use crate::denial::ERROR_CODES;
use crate::part::Part;
use crate::step::{Action, Authenticate, Step};

fn authentications(steps: &[Step]) -> impl Iterator<Item = (&Step, &Authenticate)> {
    steps.iter().filter_map(|step| match &step.action {
        Action::Authenticate(authenticate) => Some((step, authenticate)),
        _ => None,
    })
}

/// Where temporary codes come from.
pub(crate) fn codes(steps: &[Step]) -> BTreeSet<Path> {
    authentications(steps).map(|(_, step)| step.code_path.clone()).collect()
}

/// Where identifiers come from.
pub(crate) fn identifiers(steps: &[Step]) -> BTreeSet<Path> {
    let sources = |step: &Step| match &step.action {
        Action::Authenticate(step) => step.sources(Part::Identifier),
        Action::Pair(step) => step.sources(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(sources).collect()
}

/// The variables that take errors.
pub(crate) fn error_outputs(steps: &[Step]) -> BTreeSet<String> {
    authentications(steps).filter_map(|(_, step)| step.error_output.clone()).collect()
}

/// Who sets a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Form,
    Error,
    Pairing,
    Journey,
    Author,
}

/// Notes every expression that reads what it must not.
pub(crate) fn check(journey: &Journey, notes: &mut Notes) {
    let owners = owners(journey, notes);
    for (step, authenticate) in authentications(&journey.steps) {
        if let Root::Variable(name) = &authenticate.code_path.root {
            let is_field = journey.steps.iter().any(|other| match &other.action {
                Action::Collect(form) => {
                    form.output == *name && form.has_field(&authenticate.code_path.keys[0])
                }
                _ => false,
            });
            if !is_field {
                let path = &authenticate.code_path;
                let reason = format!("step `{}`: no form has the field `{path}`", step.id);
                notes.add(authenticate.code.line, reason);
            }
        }
    }
    for step in &journey.steps {
        for (line, expression) in step.action.outputs() {
            let line = line.unwrap_or(step.line);
            check_expression(journey, &owners, expression, Purpose::Output, (line, notes));
        }
        if let Some(decision) = step.action.decision() {
            let place = (decision.line, &mut *notes);
            check_expression(journey, &owners, &decision.expression, Purpose::Decision, place);
        }
        for (name, value) in step.action.kept().into_iter().flatten() {
            if value.expression.calls(Function::UserTokens) {
                let reason = format!("`{name}`: the user's tokens cannot be kept in a variable");
                notes.add(value.line, reason);
            }
        }
    }
}

/// Who sets each variable. A step of another kind may not set it too: its value would carry the wrong
/// mark.
fn owners<'j>(journey: &'j Journey, notes: &mut Notes) -> BTreeMap<&'j str, Owner> {
    let mut owners = BTreeMap::new();
    for step in &journey.steps {
        let names: Vec<(&str, Owner)> = match &step.action {
            Action::Authenticate(step) => {
                step.error_output.iter().map(|name| (name.as_str(), Owner::Error)).collect()
            }
            Action::Pair(step) => vec![(step.output.as_str(), Owner::Pairing)],
            Action::Collect(step) => vec![(step.output.as_str(), Owner::Form)],
            Action::Assign { variables, .. } => {
                variables.iter().map(|(name, _)| (name.as_str(), Owner::Author)).collect()
            }
            Action::Call(call) => {
                let params = call.params.iter().map(|(name, _)| (name.as_str(), Owner::Author));
                let output = call.output.iter().map(|name| (name.as_str(), Owner::Journey));
                params.chain(output).collect()
            }
            Action::Inform { .. }
            | Action::Decide { .. }
            | Action::Repeat { .. }
            | Action::Provide { .. }
            | Action::Complete(_)
            | Action::Reject(_) => Vec::new(),
        };
        for (name, owner) in names {
            if *owners.entry(name).or_insert(owner) != owner {
                let reason = "belongs to another kind of step";
                notes.add(step.line, format!("step `{}`: the variable `{name}` {reason}", step.id));
            }
        }
    }
    owners
}

fn check_expression(
    journey: &Journey,
    owners: &BTreeMap<&str, Owner>,
    expression: &Expression,
    purpose: Purpose,
    (line, notes): (u64, &mut Notes),
) {
    for read in expression.reads() {
        if let Root::Variable(name) = &read.path.root
            && !owners.contains_key(name.as_str())
        {
            notes.add(line, format!("unknown variable `{name}`"));
        }
        if journey.secrets.iter().any(|secret| takes_secret(&read, secret)) {
            let rule = "it can only be a `temp_code`, or be compared with null";
            notes.add(line, format!("`{}` holds the temporary code: {rule}", read.path));
        }
        if let Root::Variable(name) = &read.path.root
            && journey.guarded.contains(name)
        {
            check_error(&read, purpose, (line, &mut *notes));
        }
    }
}

fn takes_secret(read: &Read, secret: &Path) -> bool {
    let is_presence = read.usage == Usage::Presence && read.path.keys.len() <= secret.keys.len();
    read.path.meets(secret) && !is_presence
}

fn check_error(read: &Read, purpose: Purpose, (line, notes): (u64, &mut Notes)) {
    let keys: Vec<&str> = read.path.keys.iter().map(String::as_str).collect();
    match (keys.as_slice(), &read.usage, purpose) {
        (["message"], _, _) | ([] | ["code"], Usage::Presence, _) => {}
        (["code"], Usage::Comparison(literal), Purpose::Decision) => {
            if !ERROR_CODES.contains(&literal.as_str()) {
                let codes = ERROR_CODES.join(", ");
                notes.add(line, format!("no error has the code `{literal}`: there are {codes}"));
            }
        }
        ([] | ["code"], _, _) => {
            let rule = "it can only be compared with a quoted string, in a condition";
            notes.add(line, format!("`{}` says why a code was refused: {rule}", read.path));
        }
        _ => notes.add(line, format!("`{}`: an error has `code` and `message`", read.path)),
    }
}
