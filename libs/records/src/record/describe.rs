//! Describe: what support may see of a record. It changes nothing.

use clock::Timestamp;

use super::{Code, IssuedBy, Record, State};
use crate::ids::CodeId;

/// What support may see of a user's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The latest code, until an hour after its expiry.
    pub code: Option<CodeDescription>,
    /// Failures at unpaired codes, and the lock that they caused.
    pub lockout: Lockout,
    /// Failures at paired codes, and the lock that they caused.
    pub paired_lockout: Lockout,
    /// When the block of the user ends, who repudiated a code.
    pub blocked_until: Option<Timestamp>,
}

/// The latest code, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeDescription {
    /// Its id.
    pub id: CodeId,
    /// Its state.
    pub state: CodeState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires or expired.
    pub expires_at: Timestamp,
    /// Who issued it.
    pub issued_by: IssuedBy,
    /// Whether it works only in one journey.
    pub paired: bool,
    /// How many sources have used all their attempts at it, while it is active.
    pub exhausted_sources: u32,
}

/// The state of a code, as callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeState {
    /// Can be redeemed.
    Active,
    /// Was redeemed.
    Consumed,
    /// Has been guessed at too often.
    Burned,
    /// Was revoked.
    Revoked,
    /// Was not redeemed before its expiry.
    Expired,
}

/// The failures at codes of one kind (paired or unpaired), and the lock that they caused.
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
    /// Whether the user stays refused until an administrator acts.
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
            blocked_until: self.blocked_until(now),
        }
    }
}
