//! Where the steps lead to.

use super::{Action, StepIndex};

impl Action {
    /// The branches as the file names them, and their targets in the same file. A loop's `body` counts as
    /// one.
    pub fn branches(&self) -> Vec<(&str, StepIndex)> {
        let optional = |name, target: Option<StepIndex>| target.map(|target| (name, target));
        match self {
            Self::Authenticate(step) => [
                Some(("success", step.success)),
                optional("failure", step.failure),
                optional("expired", step.expired),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Self::Pair(step) => std::iter::once(("next", step.next))
                .chain(optional("failure", step.failure))
                .collect(),
            Self::Collect(step) => {
                let exits = step.escapes.iter().map(|exit| (exit.id.as_str(), exit.target));
                std::iter::once(("submit", step.submit)).chain(exits).collect()
            }
            Self::Inform { next, .. } | Self::Assign { next, .. } | Self::Provide { next, .. } => {
                vec![("next", *next)]
            }
            Self::Decide { when_true, when_false, otherwise, .. } => {
                [("true", *when_true), ("false", *when_false)]
                    .into_iter()
                    .chain(optional("otherwise", *otherwise))
                    .collect()
            }
            Self::Repeat { body, done, exhausted, .. } => {
                vec![("body", *body), ("done", *done), ("exhausted", *exhausted)]
            }
            Self::Call(call) => std::iter::once(("success", call.success))
                .chain(optional("failure", call.failure))
                .collect(),
            Self::Complete(_) | Self::Reject(_) => Vec::new(),
        }
    }

    /// The steps it leads to in the linked journey: a sub-journey's first step, and from its end back.
    pub fn targets(&self) -> Vec<StepIndex> {
        match self {
            Self::Call(call) => vec![call.entry],
            Self::Complete(end) | Self::Reject(end) => {
                end.back.iter().map(|back| back.target).collect()
            }
            within => within.branches().into_iter().map(|(_, target)| target).collect(),
        }
    }
}
