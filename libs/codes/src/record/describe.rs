//! Describe: what support may see of a record. It changes nothing.

use clock::Timestamp;

use super::{Code, IssuedBy, Record, State};
use crate::ids::CodeId;

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
