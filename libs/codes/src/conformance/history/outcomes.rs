//! The outcomes that a record should still know, as an observer counts them.

use clock::Timestamp;

use crate::record::REPLAY_WINDOW;

/// The kind of an outcome, which decides how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Issue,
    SupersededIssue,
    Denial,
    Change,
    Acceptance,
}

/// The outcomes that a record keeps, the oldest first.
#[derive(Default)]
pub(super) struct Outcomes(Vec<Kept>);

struct Kept {
    key: Option<String>,
    at: Timestamp,
    kind: Kind,
}

impl Outcomes {
    /// Three guesses and the issue.
    const KEPT: usize = 4;

    /// Adds an outcome, which may push out another one.
    pub(super) fn add(&mut self, key: Option<&str>, kind: Kind, at: Timestamp) {
        self.0.retain(|kept| at.since(kept.at) < REPLAY_WINDOW);
        if kind == Kind::Issue {
            let issues = self.0.iter_mut().filter(|kept| kept.kind == Kind::Issue);
            issues.for_each(|kept| kept.kind = Kind::SupersededIssue);
        }
        if self.0.len() == Self::KEPT {
            let order = [Some(Kind::SupersededIssue), Some(Kind::Denial), Some(Kind::Change), None];
            // An issue is needed as much as any other change.
            let is = |kept: &Kept, kind: Option<Kind>| match kept.kind {
                Kind::Issue => kind == Some(Kind::Change),
                _ => kind.is_none_or(|kind| kept.kind == kind),
            };
            let least = order.into_iter().find_map(|kind| self.0.iter().position(|k| is(k, kind)));
            self.0.remove(least.expect("there are some"));
        }
        self.0.push(Kept { key: key.map(str::to_owned), at, kind });
    }

    /// Whether the outcome under a key is still known.
    pub(super) fn knows(&self, key: &str, now: Timestamp) -> bool {
        let mut live = self.0.iter().filter(|kept| now.since(kept.at) < REPLAY_WINDOW);
        live.any(|kept| kept.key.as_deref() == Some(key))
    }
}
