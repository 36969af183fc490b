//! Links journeys: what `sub_journey` runs becomes part of the journey that runs it.
//!
//! # Why
//! Linking appends the steps of a sub-journey to those of its caller, under names of their own. So the
//! checks, the engine and the stored session see one journey. The checks find a dead end, a temporary code
//! that gets out and a way around pairing in sub-journeys too, and a page learns all forms of a journey.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use yaml::{Notes, Problem};

use crate::Journey;
use crate::embed::Embedding;
use crate::id::JourneyId;
use crate::reader::{self, Body};
use crate::step::{Action, Call};

/// How deep journeys may run each other.
pub const MAX_DEPTH: usize = 4;

/// The most steps that a journey may have together with its sub-journeys.
pub const MAX_LINKED_STEPS: usize = 500;

/// A journey's file, read but not yet linked and checked.
pub struct Draft {
    notes: Notes,
    digest: Sha256,
    body: Option<Body>,
}

impl Draft {
    /// Reads a file. `file` is what problems call it.
    pub fn parse(file: &str, yaml: &str) -> Self {
        let (notes, body) = reader::read(file, yaml);
        Self { notes, digest: Sha256::new_with_prefix(yaml), body }
    }

    /// The journey's id, if the file could be read so far.
    pub fn id(&self) -> Option<&JourneyId> {
        self.body.as_ref().map(|body| &body.id)
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        let steps = self.body.iter().flat_map(|body| &body.steps);
        steps.filter_map(|step| match &step.action {
            Action::Call(call) => Some(call),
            _ => None,
        })
    }

    /// Notes the steps that lead back to this journey.
    fn note_circles(&mut self, calls: &BTreeMap<JourneyId, BTreeSet<JourneyId>>) {
        let Some(body) = &self.body else { return };
        for step in &body.steps {
            if let Action::Call(call) = &step.action
                && reached(calls, &call.journey).contains(&body.id)
            {
                let reason = format!("runs `{}`, which runs this journey", call.journey);
                self.notes.add(step.line, format!("step `{}` {reason}", step.id));
            }
        }
    }

    /// Adds the steps of its sub-journeys. What is wrong is noted, and makes it incomplete.
    fn link(&mut self, linked: &BTreeMap<JourneyId, Option<Journey>>) -> Option<Journey> {
        let Self { notes, digest, body } = self;
        let Body { id, start, mut steps } = body.take()?;
        let mut is_whole = true;
        let mut depth = 0;
        for index in 0..steps.len() {
            let entry = steps.len();
            let step = &mut steps[index];
            let (line, what) = (step.line, format!("step `{}`", step.id));
            let Action::Call(call) = &mut step.action else { continue };
            let Some(journey) = linked.get(&call.journey) else {
                notes.add(line, format!("{what}: unknown journey `{}`", call.journey));
                is_whole = false;
                continue;
            };
            let Some(journey) = journey else {
                is_whole = false;
                continue;
            };
            let embedding = Embedding::new(journey, call, (&step.id, line, entry));
            let faults = embedding.faults();
            if !faults.is_empty() {
                for fault in faults {
                    notes.add(line, format!("{what}: journey `{}` {fault}", call.journey));
                }
                is_whole = false;
                continue;
            }
            depth = depth.max(journey.depth + 1);
            digest.update(journey.digest);
            call.params.clone_from(&embedding.computed);
            call.entry = entry + journey.start;
            steps.extend(embedding.steps());
            if steps.len() > MAX_LINKED_STEPS || depth > MAX_DEPTH {
                let bounds = format!("{MAX_LINKED_STEPS} steps and {MAX_DEPTH} levels");
                notes.add(
                    line,
                    format!("{what}: with its sub-journeys a journey has at most {bounds}"),
                );
                return None;
            }
        }
        is_whole.then(|| Journey::new(id, digest.clone().finalize().into(), depth, start, steps))
    }
}

/// Links and checks journeys. A step may run any of `drafts`. Naming one of `declared` is no mistake of
/// the step: those journeys exist, but their files cannot be read.
pub fn link(drafts: Vec<Draft>, declared: &BTreeSet<JourneyId>) -> (Vec<Journey>, Vec<Problem>) {
    let mut waiting = drafts;
    let ids = waiting.iter().filter_map(|draft| draft.id().cloned());
    let unlinked: BTreeSet<JourneyId> = ids.collect();
    let mut linked: BTreeMap<JourneyId, Option<Journey>> =
        declared.difference(&unlinked).map(|id| (id.clone(), None)).collect();
    let mut problems = Vec::new();
    loop {
        let is_ready = |draft: &Draft| {
            draft.calls().all(|Call { journey, .. }| {
                linked.contains_key(journey) || !unlinked.contains(journey)
            })
        };
        let (ready, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        waiting = others;
        if ready.is_empty() {
            break;
        }
        for mut draft in ready {
            let id = draft.id().cloned();
            let journey = draft.link(&linked);
            if let Some(journey) = &journey {
                journey.check(&mut draft.notes);
            }
            let found = draft.notes.into_problems();
            linked.extend(id.map(|id| (id, journey.filter(|_| found.is_empty()))));
            problems.extend(found);
        }
    }
    // The rest are part of a circle, or run a journey that is.
    let calls = waiting.iter().filter_map(|draft| {
        let called = draft.calls().map(|call| call.journey.clone()).collect();
        Some((draft.id()?.clone(), called))
    });
    let calls = calls.collect();
    for mut draft in waiting {
        draft.note_circles(&calls);
        problems.extend(draft.notes.into_problems());
    }
    (linked.into_values().flatten().collect(), problems)
}

/// The journeys that may run within `from`, itself included.
fn reached<'c>(
    calls: &'c BTreeMap<JourneyId, BTreeSet<JourneyId>>,
    from: &'c JourneyId,
) -> BTreeSet<&'c JourneyId> {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(id) = ahead.pop() {
        if seen.insert(id) {
            ahead.extend(calls.get(id).into_iter().flatten());
        }
    }
    seen
}
