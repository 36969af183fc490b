//! The outcomes for retries, and which of them are kept.

use clock::Timestamp;

use super::{Attempt, Cleared, Denial, Limits, REPLAY_WINDOW, Record};
use crate::ids::CodeId;

/// An outcome that retries of its attempt get again.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) attempt: Attempt,
    pub(super) until: Timestamp,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Issued(CodeId),
    Accepted {
        code_id: CodeId,
        at: Timestamp,
    },
    Denied(Denial),
    /// A live code was revoked; or a redeemed one, of which only the grant can be.
    Revoked {
        code_id: CodeId,
        is_redeemed: bool,
    },
    Cleared(Cleared),
}

impl Outcome {
    const fn is_clearing(&self) -> bool {
        matches!(self, Self::Cleared(_))
    }
}

/// How much a retry needs an outcome, the least first. A retry of a superseded issue only gets a
/// conflict; a retry of a denial would cost a guess; a retry of an acceptance would lose the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    SupersededIssue,
    Denial,
    Change,
    Acceptance,
}

/// An idempotency key was reused for another request.
#[derive(Debug)]
pub(super) struct NameReused;

impl Record {
    /// The outcome of this attempt: `None` if its name is new, `Err` if its name belongs to another
    /// request.
    pub(super) fn recall(
        &self,
        attempt: Attempt,
        now: Timestamp,
    ) -> Option<Result<Outcome, NameReused>> {
        let mut live = self.outcomes.iter().filter(|remembered| now < remembered.until);
        let known = live.find(|remembered| remembered.attempt.id == attempt.id)?;
        let same_request = known.attempt.fingerprint == attempt.fingerprint;
        Some(if same_request { Ok(known.outcome.clone()) } else { Err(NameReused) })
    }

    /// Remembers an outcome and drops the least needed ones beyond the limit, so that no caller can
    /// make a record grow. The newest outcome always stays.
    ///
    /// The newest clearing has a place of its own: strangers' failures can be all that it cleared, and
    /// it must not cost the owner another outcome (I27).
    pub(super) fn remember(
        &mut self,
        attempt: Attempt,
        limits: Limits,
        now: Timestamp,
        outcome: Outcome,
    ) {
        self.outcomes.retain(|remembered| now < remembered.until);
        if outcome.is_clearing() {
            self.outcomes.retain(|remembered| !remembered.outcome.is_clearing());
        } else {
            self.make_room(limits);
        }
        self.outcomes.push(Remembered { attempt, until: now + REPLAY_WINDOW, outcome });
    }

    fn make_room(&mut self, limits: Limits) {
        loop {
            let counted = (0..self.outcomes.len())
                .filter(|&at| !self.outcomes[at].outcome.is_clearing())
                .collect::<Vec<_>>();
            if counted.len() < limits.kept_outcomes() {
                return;
            }
            let worth = |&at: &usize| self.worth(&self.outcomes[at].outcome);
            // Of equal ones, the oldest is dropped.
            let Some(least) = counted.into_iter().min_by_key(worth) else { return };
            self.outcomes.remove(least);
        }
    }

    fn worth(&self, outcome: &Outcome) -> Worth {
        let is_current = |id: &CodeId| self.code.as_ref().is_some_and(|code| code.id == *id);
        match outcome {
            Outcome::Issued(id) if !is_current(id) => Worth::SupersededIssue,
            Outcome::Denied(_) => Worth::Denial,
            Outcome::Issued(_) | Outcome::Revoked { .. } | Outcome::Cleared(_) => Worth::Change,
            Outcome::Accepted { .. } => Worth::Acceptance,
        }
    }
}
