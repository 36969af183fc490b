//! Describe: what support may see of a record. It changes nothing.

use clock::Timestamp;

use super::{Code, IssuedBy, Record, State};
use crate::ids::CodeId;

/// What support may know of a user's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The latest code, while its traces last.
    pub code: Option<CodeDescription>,
    /// Failures at unpaired codes, and their lock.
    pub lockout: Lockout,
    /// Failures at paired codes, and their lock.
    pub paired_lockout: Lockout,
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
    /// Whether it works only in one journey.
    pub paired: bool,
    /// How many sources have used their attempts at it, while it is active.
    pub exhausted_sources: u32,
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

/// The failures at codes of one kind, and their lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Failures in the present window.
    pub failures: u32,
    /// When the window ends, if there were failures.
    pub window_ends_at: Option<Timestamp>,
    /// When the lock ends, if there is one.
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
        let exhausted_sources = match &self.state {
            State::Active { sources, .. } => sources.exhausted(),
            State::Consumed | State::Burned | State::Revoked => 0,
        };
        CodeDescription {
            id: self.id.clone(),
            state,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            issued_by: self.issued_by.clone(),
            paired: self.binding.is_some(),
            exhausted_sources,
        }
    }
}

impl Record {
    /// Describes the record.
    pub fn describe(&self, now: Timestamp) -> Description {
        Description {
            code: self.code.as_ref().map(|code| code.describe(now)),
            lockout: self.unpaired.describe(now),
            paired_lockout: self.paired.describe(now),
        }
    }
}
