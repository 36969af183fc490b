//! Journey definitions: YAML, read and checked as a whole before anything runs.
//!
//! ```text
//! YAML --yaml--> tree with lines --reader--> steps --link--> steps --graph, secrets--> Journey
//!                                    \___________\______________\____________> problems, all at once
//! ```
//!
//! `reader` knows the keys of every step, `link` adds the steps of sub-journeys, `graph` knows that every
//! way leads to an end, `secrets` that no temporary code and no reason of a denial can get out.

mod denial;
mod embed;
mod field;
mod form;
mod graph;
mod id;
mod inputs;
mod link;
mod part;
mod reader;
mod secrets;
pub mod step;
mod template;
mod values;

#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod pair_tests;
#[cfg(test)]
mod secret_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use expressions::{Path, Root};
use yaml::{Notes, Problem};

pub use denial::{ERROR_CODES, error_code};
pub use field::{Field, FieldKind};
pub use form::{Form, FormField};
pub use id::{JourneyId, JourneyIdError};
pub use inputs::{Inputs, Section};
pub use link::{Draft, MAX_DEPTH, MAX_LINKED_STEPS, link};
pub use part::Part;
pub use template::Template;

use step::{Action, Step, StepIndex};

/// The JSON Schema of a journey's file.
pub const SCHEMA: &str = include_str!("../schemas/journey.json");

/// The most steps that a journey may have.
pub const MAX_STEPS: usize = 200;

/// The most rounds that a loop may make.
pub const MAX_ITERATIONS: u32 = 100;

/// A parameter of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'j> {
    /// Its name.
    pub name: &'j str,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether no run of the journey can do without it.
    pub is_required: bool,
}

/// A journey that passed every check.
///
/// ```
/// use definitions::Journey;
///
/// let yaml = "
/// id: hello
/// start: greet
/// steps:
///   greet: {type: information, title: Hello, text: Welcome, button_text: Go on, on: {next: done}}
///   done: {type: complete}
/// ";
/// let journey = Journey::parse("hello.yaml", yaml).expect("no problems");
/// let steps: Vec<_> = journey.steps().collect();
/// assert_eq!(steps, [("greet", "information"), ("done", "complete")]);
///
/// let problems = Journey::parse("hello.yaml", &yaml.replace("next: done", "next: gone")).unwrap_err();
/// assert_eq!(problems[0].line, Some(5));
/// ```
#[derive(Debug)]
pub struct Journey {
    id: JourneyId,
    digest: [u8; 32],
    /// How deep its sub-journeys run others: 0 without any.
    depth: usize,
    start: StepIndex,
    steps: Vec<Step>,
    secrets: BTreeSet<Path>,
    guarded: BTreeSet<String>,
    identifiers: BTreeSet<Path>,
    inputs: Inputs,
}

impl Journey {
    /// Parses and checks a journey that runs no others. `file` is what problems call it.
    ///
    /// # Errors
    /// Every problem of the file, each with its line.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, Vec<Problem>> {
        let (mut journeys, problems) = link(vec![Draft::parse(file, yaml)], &BTreeSet::new());
        journeys.pop().ok_or(problems)
    }

    fn new(
        id: JourneyId,
        digest: [u8; 32],
        depth: usize,
        start: StepIndex,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            secrets: secrets::codes(&steps),
            guarded: secrets::error_outputs(&steps),
            identifiers: secrets::identifiers(&steps),
            inputs: Inputs::from_steps(&steps, start),
            id,
            digest,
            depth,
            start,
            steps,
        }
    }

    /// Notes every problem that only all steps together show.
    fn check(&self, notes: &mut Notes) {
        secrets::check(self, notes);
        graph::check(self, notes);
    }

    /// The journey's id.
    pub const fn id(&self) -> &JourneyId {
        &self.id
    }

    /// The steps' ids and types, the first step first.
    pub fn steps(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let others = (0..self.steps.len()).filter(|&index| index != self.start);
        std::iter::once(self.start).chain(others).map(|index| {
            let step = &self.steps[index];
            (step.id.as_str(), step.action.type_name())
        })
    }

    /// The forms of the journey, in the order of the file: what a page needs to show them.
    pub fn forms(&self) -> impl Iterator<Item = Form<'_>> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Collect(form) => Some(Form::of(self, &step.id, form)),
            _ => None,
        })
    }

    /// The id of a step at which a code may be entered in a session that has not paired, if there is
    /// one.
    pub fn unpaired_step(&self) -> Option<&str> {
        graph::unpaired(self).map(|index| self.steps[index].id.as_str())
    }

    /// Whether a step of it waits for the client.
    pub fn may_wait(&self) -> bool {
        let waits = |step: &Step| matches!(step.action, Action::Collect(_) | Action::Inform { .. });
        self.steps.iter().any(waits)
    }

    /// What the journey reads from `@policy.request().params`, by name.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        let path = |name: &String| Path {
            root: Root::Request,
            keys: vec!["params".to_owned(), name.clone()],
        };
        self.params().iter().map(move |name| Parameter {
            name,
            kind: FieldKind::of(self, &path(name)),
            is_required: self.inputs.required.contains(name),
        })
    }

    /// The names read from `@policy.request().params`.
    pub const fn params(&self) -> &BTreeSet<String> {
        &self.inputs.params.names
    }

    /// The inputs that the journey reads from its start.
    pub const fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The first step.
    pub const fn start(&self) -> StepIndex {
        self.start
    }

    /// The step at `index`.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index]
    }

    /// The places of all steps.
    pub const fn indexes(&self) -> std::ops::Range<StepIndex> {
        0..self.steps.len()
    }

    /// The step of that id.
    pub fn index_of(&self, id: &str) -> Option<StepIndex> {
        self.steps.iter().position(|step| step.id == id)
    }

    /// The SHA-256 of the file and of its sub-journeys: sessions end when it changes.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Where temporary codes come from: what stands there is secret.
    pub const fn secrets(&self) -> &BTreeSet<Path> {
        &self.secrets
    }

    /// Where identifiers come from: what stands there is short.
    pub const fn identifiers(&self) -> &BTreeSet<Path> {
        &self.identifiers
    }

    /// The variables that take errors: their `code` is guarded.
    pub const fn guarded(&self) -> &BTreeSet<String> {
        &self.guarded
    }
}
