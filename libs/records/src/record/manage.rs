//! Revoke and clear: what support does to a record apart from issuing.
//!
//! # Which outcomes are remembered
//! Only those with an effect. A call that found nothing to do writes nothing to the record, so that
//! no caller can make records grow or create records for users who have none. Its idempotency key
//! remembers that it found nothing (`codes::claims`): a late retry must not revoke a code or end a
//! lock that came after the first call.

use clock::Timestamp;

use super::{Attempt, Code, Failures, Limits, Outcome, Record, State};
use crate::ids::CodeId;

/// What to revoke.
#[derive(Clone, Debug)]
pub struct Revoke {
    /// The operation's name and request.
    pub attempt: Attempt,
    /// The code to revoke; `None` revokes the live one.
    pub only: Option<CodeId>,
    /// The policy's limits.
    pub limits: Limits,
}

/// The operation that clears a lockout.
#[derive(Clone, Copy, Debug)]
pub struct Clear {
    /// The operation's name and request.
    pub attempt: Attempt,
    /// The policy's limits.
    pub limits: Limits,
}

/// The outcome of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// There was a live code; it is revoked now.
    Revoked {
        /// The code.
        code_id: CodeId,
        /// Whether this call is a retry that got the outcome of an earlier call.
        replayed: bool,
    },
    /// There was no live code, or its ID is another one.
    NothingLive,
    /// The idempotency key belongs to another request; nothing was revoked.
    Conflict,
}

/// The outcome of clearing a lockout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearOutcome {
    /// The locks and failures are gone.
    Cleared {
        /// What was cleared.
        cleared: Cleared,
        /// Whether this call is a retry that got the outcome of an earlier call.
        replayed: bool,
    },
    /// The idempotency key belongs to another request; nothing was cleared.
    Conflict,
}

/// What clearing a lockout removed, for paired and unpaired codes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// A lock.
    pub lock: bool,
    /// Failures in the window.
    pub failures: u32,
    /// A user who was disabled after too many consecutive failures.
    pub disabled: bool,
}

impl Code {
    fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Active { .. }) && now < self.expires_at
    }
}

impl Record {
    /// Revokes the live code, or only the code with that ID.
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

    /// Forgets the failures at paired and unpaired codes and ends their locks. A burned code stays
    /// burned.
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
        // Consecutive failures outlive their window. They are forgotten too, but not reported.
        let is_counting = both.iter().any(|failures| failures.consecutive.at(now) > 0);
        if cleared != Cleared::default() || is_counting {
            (self.unpaired, self.paired) = (Failures::default(), Failures::default());
            self.remember(attempt, limits, now, Outcome::Cleared(cleared));
        }
        (self, ClearOutcome::Cleared { cleared, replayed: false })
    }
}
