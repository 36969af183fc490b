//! Revoke and clear: what support does to a record besides issuing.
//!
//! # What is remembered of them
//! Only what had an effect: a call that found nothing to do writes nothing, so that no caller can make
//! records grow, or make records of users who have none. That a named call found nothing is kept with
//! its key (`codes::claims`): its late retry must find nothing to do either, although there may be a
//! code or a lock by then that it was never meant for.

use clock::Timestamp;

use super::{Attempt, Code, Failures, Limits, Outcome, Record, State};
use crate::ids::CodeId;

/// What to revoke.
#[derive(Clone, Debug)]
pub struct Revoke {
    /// The operation's name.
    pub attempt: Attempt,
    /// The one code that is meant; without it, whichever lives.
    pub only: Option<CodeId>,
    /// The policy's limits.
    pub limits: Limits,
}

/// Which operation clears a lockout.
#[derive(Clone, Copy, Debug)]
pub struct Clear {
    /// The operation's name.
    pub attempt: Attempt,
    /// The policy's limits.
    pub limits: Limits,
}

/// What a revocation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// A live code, which is now revoked.
    Revoked {
        /// The code.
        code_id: CodeId,
        /// Whether a retry saw the outcome of an earlier call.
        replayed: bool,
    },
    /// No live code, or not the one that was meant.
    NothingLive,
    /// The idempotency key stood for another request; nothing was revoked.
    Conflict,
}

/// What came of clearing a lockout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearOutcome {
    /// There is no lock and no count any more.
    Cleared {
        /// What there was.
        cleared: Cleared,
        /// Whether a retry saw the outcome of an earlier call.
        replayed: bool,
    },
    /// The idempotency key stood for another request; nothing was cleared.
    Conflict,
}

/// What clearing a lockout ended, at paired and unpaired codes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// A lock.
    pub lock: bool,
    /// Failures in the window.
    pub failures: u32,
    /// The disabling after too many consecutive failures.
    pub disabled: bool,
}

impl Code {
    fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Active { .. }) && now < self.expires_at
    }
}

impl Record {
    /// Revokes the live code: whichever it is, or only the one of that id.
    pub fn revoke(mut self, command: &Revoke, now: Timestamp) -> (Self, RevokeOutcome) {
        let Revoke { attempt, ref only, limits } = *command;
        match self.recall(attempt, now) {
            Some(Ok(Outcome::Revoked(code_id))) => {
                return (self, RevokeOutcome::Revoked { code_id, replayed: true });
            }
            Some(
                Ok(
                    Outcome::Issued(_)
                    | Outcome::Accepted { .. }
                    | Outcome::Denied(_)
                    | Outcome::Cleared(_),
                )
                | Err(_),
            ) => return (self, RevokeOutcome::Conflict),
            None => {}
        }
        let live = self.code.as_mut().filter(|code| code.is_live(now));
        let Some(code) = live.filter(|code| only.as_ref().is_none_or(|id| code.id == *id)) else {
            return (self, RevokeOutcome::NothingLive);
        };
        code.state = State::Revoked;
        let code_id = code.id.clone();
        self.remember(attempt, limits, now, Outcome::Revoked(code_id.clone()));
        (self, RevokeOutcome::Revoked { code_id, replayed: false })
    }

    /// Forgets the failures at codes of both kinds and ends their locks. A burned code stays burned.
    pub fn clear_lockout(mut self, command: Clear, now: Timestamp) -> (Self, ClearOutcome) {
        let Clear { attempt, limits } = command;
        match self.recall(attempt, now) {
            Some(Ok(Outcome::Cleared(cleared))) => {
                return (self, ClearOutcome::Cleared { cleared, replayed: true });
            }
            Some(
                Ok(
                    Outcome::Issued(_)
                    | Outcome::Accepted { .. }
                    | Outcome::Denied(_)
                    | Outcome::Revoked(_),
                )
                | Err(_),
            ) => return (self, ClearOutcome::Conflict),
            None => {}
        }
        let both = [&self.unpaired, &self.paired];
        let cleared = Cleared {
            lock: both.iter().any(|failures| failures.lock_at(now).is_some()),
            failures: both.iter().map(|failures| failures.window.at(now)).sum(),
            disabled: both.iter().any(|failures| failures.is_disabled(now)),
        };
        // Consecutive failures count on after their window, and are forgotten untold.
        let is_counting = both.iter().any(|failures| failures.consecutive.at(now) > 0);
        if cleared != Cleared::default() || is_counting {
            (self.unpaired, self.paired) = (Failures::default(), Failures::default());
            self.remember(attempt, limits, now, Outcome::Cleared(cleared));
        }
        (self, ClearOutcome::Cleared { cleared, replayed: false })
    }
}
