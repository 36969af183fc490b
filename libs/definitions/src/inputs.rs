//! The inputs that a journey reads from its start.
//!
//! Other inputs are dropped before it runs, so that nothing a caller sends by mistake,
//! a temporary code least of all, is kept while the journey waits.

use std::collections::BTreeSet;

use expressions::{Expression, Function, Path, Root, Usage};

use crate::step::{Action, Authenticate, Step, StepIndex};

/// The parts of a start that a journey reads.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Those of `@policy.request().params`.
    pub params: Section,
    /// Those of `@policy.request().headers`.
    pub headers: Section,
    /// Whether it reads the device.
    pub device: bool,
    /// The parameters without which the journey cannot run: those of the verification to which all
    /// its runs come.
    pub required: BTreeSet<String>,
}

/// The members of an object that a journey reads.
#[derive(Debug, Default)]
pub struct Section {
    /// Those that it names.
    pub names: BTreeSet<String>,
    /// Whether it reads the object as a whole, or by a name that is only known when it runs.
    is_whole: bool,
}

impl Section {
    /// Whether the journey reads only members that it names.
    pub(crate) const fn is_named(&self) -> bool {
        !self.is_whole
    }

    /// Whether the journey reads the member of that name.
    pub fn has(&self, name: &str) -> bool {
        self.is_whole || self.names.contains(name)
    }

    fn add(&mut self, name: Option<&String>, is_presence: bool) {
        match name {
            Some(name) => drop(self.names.insert(name.clone())),
            None => self.is_whole |= !is_presence,
        }
    }
}

impl Inputs {
    pub(crate) fn from_steps(steps: &[Step], start: StepIndex) -> Self {
        let mut inputs = Self { required: required(steps, start), ..Self::default() };
        for step in steps {
            if let Action::Authenticate(step) = &step.action {
                inputs.add(&step.code_path, false);
            }
            let outputs = step.action.outputs().into_iter().map(|(_, expression)| expression);
            let decision = step.action.decision().map(|decision| &decision.expression);
            outputs.chain(decision).for_each(|expression| inputs.add_all(expression));
        }
        inputs
    }

    fn add_all(&mut self, expression: &Expression) {
        self.device |= expression.calls(Function::Device);
        for read in expression.reads() {
            self.add(&read.path, read.usage == Usage::Presence);
        }
    }

    fn add(&mut self, path: &Path, is_presence: bool) {
        if path.root != Root::Request {
            return;
        }
        let name = path.keys.get(1);
        match path.keys.first().map(String::as_str) {
            Some("params") => self.params.add(name, is_presence),
            Some("headers") => self.headers.add(name, is_presence),
            Some(_) => {}
            None => {
                self.params.add(None, is_presence);
                self.headers.add(None, is_presence);
            }
        }
    }
}

/// The parameters that are read, as they are, by the first verification.
fn required(steps: &[Step], start: StepIndex) -> BTreeSet<String> {
    let Some(step) = first_verification(steps, start) else { return BTreeSet::new() };
    let identifier = step.identifier.expression.path();
    let read = identifier.into_iter().chain([step.code_path.clone()]);
    read.filter_map(|path| match (path.root, path.keys.as_slice()) {
        (Root::Request, [section, name, ..]) if section == "params" => Some(name.clone()),
        _ => None,
    })
    .collect()
}

/// The verification that every run reaches: no step before it has a choice.
fn first_verification(steps: &[Step], start: StepIndex) -> Option<&Authenticate> {
    let mut at = start;
    // Steps may lead in a circle.
    for _ in 0..steps.len() {
        match &steps.get(at)?.action {
            Action::Authenticate(step) => return Some(step),
            Action::Assign { next, .. }
            | Action::Provide { next, .. }
            | Action::Inform { next, .. } => at = *next,
            Action::Call(call) => at = call.entry,
            Action::Pair(_)
            | Action::Collect(_)
            | Action::Decide { .. }
            | Action::Repeat { .. }
            | Action::Complete(_)
            | Action::Reject(_) => return None,
        }
    }
    None
}
