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
    /// A redeemed code, of which only the grant can be revoked; or an ID that the record does not know
    /// any more: its code may have been redeemed.
    Redeemed {
        /// The code.
        code_id: CodeId,
        /// Whether this call is a retry that got the outcome of an earlier call.
        replayed: bool,
    },
    /// There was no code, or it ended without being redeemed.
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
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Active { .. }) && now < self.expires_at
    }
}

impl Record {
    /// Revokes the live code, or only the code with that ID. A redeemed code stays as it is: the caller
    /// revokes its grant.
    pub fn revoke(mut self, command: &Revoke, now: Timestamp) -> (Self, RevokeOutcome) {
        let Revoke { attempt, ref only, limits } = *command;
        match self.recall(attempt, now) {
            Some(Ok(Outcome::Revoked { code_id, is_redeemed })) => {
                return (self, revoked(code_id, is_redeemed, true));
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
        let code = match (&mut self.code, only) {
            (Some(code), Some(id)) if code.id == *id => code,
            (Some(code), None) => code,
            // Nothing to remember: a retry by ID means the same code.
            (_, Some(id)) => return (self, revoked(id.clone(), true, false)),
            (None, None) => return (self, RevokeOutcome::NothingLive),
        };
        let is_redeemed = matches!(code.state, State::Consumed);
        if code.is_live(now) {
            code.state = State::Revoked;
        } else if !is_redeemed {
            return (self, RevokeOutcome::NothingLive);
        }
        let code_id = code.id.clone();
        let outcome = Outcome::Revoked { code_id: code_id.clone(), is_redeemed };
        self.remember(attempt, limits, now, outcome);
        (self, revoked(code_id, is_redeemed, false))
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
                    | Outcome::Revoked { .. },
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

const fn revoked(code_id: CodeId, is_redeemed: bool, replayed: bool) -> RevokeOutcome {
    if is_redeemed {
        RevokeOutcome::Redeemed { code_id, replayed }
    } else {
        RevokeOutcome::Revoked { code_id, replayed }
    }
}
