//! A journey as boxes and arrows: what all forms of a drawing show.

use std::collections::BTreeMap;

use definitions::Journey;
use definitions::step::{Action, StepIndex};

use crate::detail::detail;

/// The steps of a journey's file and the ways between them.
#[derive(Debug)]
pub struct Diagram<'j> {
    /// The journey's id.
    pub journey: &'j str,
    /// The first step, then the others in the order of the file.
    pub steps: Vec<Step<'j>>,
}

/// A step of a diagram.
#[derive(Debug)]
pub struct Step<'j> {
    /// Its id.
    pub id: &'j str,
    /// Its type, as YAML has it.
    pub kind: &'static str,
    /// What it works on, in one line; empty for nothing.
    pub detail: String,
    /// Its part in the journey.
    pub role: Role,
    /// The ways from it, in the order of the documentation.
    pub branches: Vec<Branch<'j>>,
}

/// A way from one step to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch<'j> {
    /// Its name under `on`, or `body`.
    pub name: &'j str,
    /// The place of the step that it leads to in [`Diagram::steps`].
    pub target: usize,
}

/// The part of a step in its journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user sees a page.
    Page,
    /// A service is asked: the verifier.
    Check,
    /// The journey computes or decides.
    Logic,
    /// Another journey runs.
    Call,
    /// The journey ends with success.
    Completed,
    /// The journey ends with a rejection.
    Rejected,
}

impl<'j> Diagram<'j> {
    /// The diagram of a journey.
    pub fn of(journey: &'j Journey) -> Self {
        let indexes = own_steps(journey);
        let places: BTreeMap<_, _> =
            indexes.iter().zip(0..).map(|(step, at)| (*step, at)).collect();
        let step = |index: &StepIndex| {
            let step = journey.step(*index);
            let branches = step.action.branches().into_iter();
            Step {
                id: &step.id,
                kind: step.action.type_name(),
                detail: detail(&step.action),
                role: Role::of(&step.action),
                branches: branches.map(|(name, to)| Branch { name, target: places[&to] }).collect(),
            }
        };
        Self { journey: journey.id().as_str(), steps: indexes.iter().map(step).collect() }
    }

    /// The number of steps and branches.
    pub(crate) fn size(&self) -> usize {
        let branches = self.steps.iter().map(|step| step.branches.len());
        self.steps.len() + branches.sum::<usize>()
    }

    /// The id of the step to which a branch leads.
    pub fn target(&self, branch: &Branch<'_>) -> &'j str {
        self.steps[branch.target].id
    }
}

/// The steps of the file: those that can be reached without entering a sub-journey.
fn own_steps(journey: &Journey) -> Vec<StepIndex> {
    let mut is_own = vec![false; journey.indexes().len()];
    let mut ahead = vec![journey.start()];
    while let Some(index) = ahead.pop() {
        if !std::mem::replace(&mut is_own[index], true) {
            ahead.extend(journey.step(index).action.branches().into_iter().map(|(_, to)| to));
        }
    }
    let others = journey.indexes().filter(|&index| is_own[index] && index != journey.start());
    std::iter::once(journey.start()).chain(others).collect()
}

impl Role {
    const fn of(action: &Action) -> Self {
        match action {
            Action::Collect(_) | Action::Inform { .. } => Self::Page,
            Action::Authenticate(_) | Action::Pair(_) => Self::Check,
            Action::Decide { .. }
            | Action::Assign { .. }
            | Action::Repeat { .. }
            | Action::Provide { .. } => Self::Logic,
            Action::Call(_) => Self::Call,
            Action::Complete(_) => Self::Completed,
            Action::Reject(_) => Self::Rejected,
        }
    }

    /// The name of the role's style.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Check => "check",
            Self::Logic => "logic",
            Self::Call => "call",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
        }
    }
}
