//! Checks the ways through a journey: every step is on one, every way leads to an end, none goes in
//! circles without a bound, and no temporary code would have to be kept while the journey waits.

use std::collections::BTreeSet;

use expressions::Root;
use yaml::Notes;

use crate::Journey;
use crate::step::{Action, StepIndex};

/// Notes every way that leads astray.
pub(crate) fn check(journey: &Journey, notes: &mut Notes) {
    let graph = Graph { journey };
    graph.check_reach(notes);
    graph.check_circles(notes);
    graph.check_bodies(notes);
    graph.check_codes(notes);
    graph.check_pairings(notes);
}

/// The first step at which a code may be entered in a session that has not paired.
pub(crate) fn unpaired(journey: &Journey) -> Option<StepIndex> {
    let graph = Graph { journey };
    let reached = reach(vec![journey.start], |index| match graph.action(index) {
        Action::Pair(step) => step.failure.into_iter().collect(),
        action => action.targets(),
    });
    reached.into_iter().find(|&index| matches!(graph.action(index), Action::Authenticate(_)))
}

struct Graph<'j> {
    journey: &'j Journey,
}

impl Graph<'_> {
    fn indexes(&self) -> std::ops::Range<StepIndex> {
        0..self.journey.steps.len()
    }

    fn action(&self, index: StepIndex) -> &Action {
        &self.journey.steps[index].action
    }

    fn note(&self, notes: &mut Notes, index: StepIndex, reason: &str) {
        let step = &self.journey.steps[index];
        notes.add(step.line, format!("step `{}` {reason}", step.id));
    }

    fn targets(&self, index: StepIndex) -> Vec<StepIndex> {
        self.action(index).targets()
    }

    /// Where a journey goes from `index` without waiting and without beginning a round of a loop.
    fn spins_to(&self, index: StepIndex) -> Vec<StepIndex> {
        match self.action(index) {
            action if action.is_waiting() => Vec::new(),
            Action::Repeat { done, exhausted, .. } => vec![*done, *exhausted],
            action => action.targets(),
        }
    }

    fn check_reach(&self, notes: &mut Notes) {
        let reached = reach(vec![self.journey.start], |index| self.targets(index));
        for index in self.indexes() {
            if !reached.contains(&index) {
                self.note(notes, index, "is unreachable");
            }
            let ends = reach(vec![index], |index| self.targets(index));
            if !ends.iter().any(|&end| self.action(end).is_terminal()) {
                self.note(notes, index, "is a dead end: no way leads from it to an end");
            }
        }
    }

    fn check_circles(&self, notes: &mut Notes) {
        let after = |index| reach(self.spins_to(index), |index| self.spins_to(index));
        let ahead: Vec<BTreeSet<StepIndex>> = self.indexes().map(after).collect();
        for index in self.indexes() {
            // One note a circle: by the first of its steps.
            let is_first = !(0..index)
                .any(|other| ahead[index].contains(&other) && ahead[other].contains(&index));
            if ahead[index].contains(&index) && is_first {
                self.note(notes, index, "is part of a circle that neither waits nor is bounded");
            }
        }
    }

    fn check_bodies(&self, notes: &mut Notes) {
        for index in self.indexes() {
            if let Action::Repeat { body, .. } = self.action(index)
                && !reach(vec![*body], |index| self.targets(index)).contains(&index)
            {
                self.note(notes, index, "is a loop whose body never leads back to it");
            }
        }
    }

    /// Codes are forgotten when a journey waits, so each must be used in the leg that brings it.
    fn check_codes(&self, notes: &mut Notes) {
        let leg = |from| {
            reach(vec![from], |index| {
                if self.action(index).is_waiting() { Vec::new() } else { self.targets(index) }
            })
        };
        let mut gone = BTreeSet::new();
        let mut note = |leg: BTreeSet<StepIndex>, brings: &dyn Fn(&Root, &[String]) -> bool| {
            for index in leg {
                if let Action::Authenticate(step) = self.action(index)
                    && !brings(&step.code_path.root, &step.code_path.keys)
                {
                    gone.insert(index);
                }
            }
        };
        note(leg(self.journey.start), &|root, _| *root == Root::Request);
        for index in self.indexes() {
            match self.action(index) {
                Action::Collect(form) => {
                    note(leg(form.submit), &|root, keys| {
                        *root == Root::Variable(form.output.clone())
                            && keys.first().is_some_and(|key| form.has_field(key))
                    });
                    for exit in &form.escapes {
                        note(leg(exit.target), &|_, _| false);
                    }
                }
                Action::Inform { next, .. } => note(leg(*next), &|_, _| false),
                _ => {}
            }
        }
        for index in gone {
            let reason = "can be reached when its temporary code is not there: codes are not kept \
                          while a journey waits";
            self.note(notes, index, reason);
        }
    }

    /// A number is for a user who waits while support issues the code.
    fn check_pairings(&self, notes: &mut Notes) {
        for index in self.indexes() {
            if let Action::Pair(step) = self.action(index)
                && !reach(vec![step.next], |index| self.targets(index))
                    .iter()
                    .any(|&next| self.action(next).is_waiting())
            {
                self.note(notes, index, "is not followed by a step that shows its number");
            }
        }
    }
}

/// The steps that can be reached from `from`, themselves included, going on only where `next`
/// says.
fn reach(from: Vec<StepIndex>, next: impl Fn(StepIndex) -> Vec<StepIndex>) -> BTreeSet<StepIndex> {
    let mut seen = BTreeSet::new();
    let mut ahead = from;
    while let Some(index) = ahead.pop() {
        if seen.insert(index) {
            ahead.extend(next(index));
        }
    }
    seen
}
