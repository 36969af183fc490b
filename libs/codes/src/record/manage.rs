//! Revoke, clear and describe: what support does to a record besides issuing.

use clock::Timestamp;

use super::{Code, Count, IssuedBy, Record, State};
use crate::ids::CodeId;

/// What a revocation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// A live code, which is now revoked.
    Revoked(CodeId),
    /// No live code, or not the one that was meant.
    NothingLive,
}

/// What clearing a lockout ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// A lock.
    pub lock: bool,
    /// Failures in the window.
    pub failures: u32,
    /// The disabling after too many consecutive failures.
    pub disabled: bool,
}

/// What support may know of a user's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The latest code, while its traces last.
    pub code: Option<CodeDescription>,
    /// Failures and lock.
    pub lockout: Lockout,
}

/// A code, without the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeDescription {
    /// Its id.
    pub id: CodeId,
    /// Where it stands.
    pub state: CodeState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires or expired.
    pub expires_at: Timestamp,
    /// Who issued it.
    pub issued_by: IssuedBy,
}

/// Where a code stands, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeState {
    /// Waits to be redeemed.
    Active,
    /// Was redeemed.
    Consumed,
    /// Was used up by wrong guesses.
    Burned,
    /// Was revoked.
    Revoked,
    /// Was not redeemed in time.
    Expired,
}

/// A user's failures and lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Failures in the present window.
    pub failures: u32,
    /// When the window ends, if there were failures.
    pub window_ends_at: Option<Timestamp>,
    /// When the lock ends, if the user is locked.
    pub locked_until: Option<Timestamp>,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Whether only an administrator lets the user try again.
    pub disabled: bool,
}

impl Code {
    fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Active { .. }) && now < self.expires_at
    }

    fn describe(&self, now: Timestamp) -> CodeDescription {
        let state = match self.state {
            State::Active { .. } if now < self.expires_at => CodeState::Active,
            State::Active { .. } => CodeState::Expired,
            State::Consumed => CodeState::Consumed,
            State::Burned => CodeState::Burned,
            State::Revoked => CodeState::Revoked,
        };
        CodeDescription {
            id: self.id.clone(),
            state,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            issued_by: self.issued_by.clone(),
        }
    }
}

impl Record {
    /// Revokes the live code: whichever it is, or only the one of that id.
    pub fn revoke(mut self, only: Option<&CodeId>, now: Timestamp) -> (Self, Revocation) {
        let live = self.code.as_mut().filter(|code| code.is_live(now));
        let Some(code) = live.filter(|code| only.is_none_or(|id| code.id == *id)) else {
            return (self, Revocation::NothingLive);
        };
        code.state = State::Revoked;
        let revoked = Revocation::Revoked(code.id.clone());
        (self, revoked)
    }

    /// Forgets failures and ends the lock. A burned code stays burned.
    pub fn clear_lockout(mut self, now: Timestamp) -> (Self, Cleared) {
        let cleared = Cleared {
            lock: self.lock_at(now).is_some(),
            failures: self.failures.at(now),
            disabled: self.is_disabled(now),
        };
        self.locked_until = None;
        (self.failures, self.consecutive) = (Count::default(), Count::default());
        (self, cleared)
    }

    /// Describes the record.
    pub fn describe(&self, now: Timestamp) -> Description {
        let failures = self.failures.at(now);
        Description {
            code: self.code.as_ref().map(|code| code.describe(now)),
            lockout: Lockout {
                failures,
                window_ends_at: (failures > 0).then_some(self.failures.until),
                locked_until: self.lock_at(now),
                consecutive_failures: self.consecutive.at(now),
                disabled: self.is_disabled(now),
            },
        }
    }
}
