//! Repudiate: the user says that a code was not for them. The code ends, and for a day nothing is issued
//! to the user and nothing verifies, until an agent lifts the block. A block also ends a later code of the
//! user, which would otherwise verify again after the lift.
//!
//! Each code is repudiated once: a link that is followed again changes nothing. A link that is older than
//! a day, and every link in the day after a lift, ends its code without a block: a person who finds
//! old links must not be able to lock the user out.

use clock::Timestamp;

use super::{DAY, Record, State};
use crate::ids::CodeId;

/// Which code to repudiate.
#[derive(Clone, Debug)]
pub struct Repudiate {
    /// The code.
    pub code_id: CodeId,
    /// When it was issued or redeemed: what the user was told of.
    pub told_of: Timestamp,
}

/// The outcome of a repudiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repudiated {
    /// When the block of the user ends, if there is one.
    pub blocked_until: Option<Timestamp>,
    /// Whether the code was repudiated before.
    pub replayed: bool,
    /// The other code that was active and that the block ended.
    pub also_ended: Option<CodeId>,
}

/// The codes that the user repudiated within the last day, the block, and its lift.
#[derive(Clone, Debug, Default)]
pub(super) struct Repudiations {
    codes: Vec<CodeId>,
    /// When the codes are forgotten.
    until: Timestamp,
    blocked_until: Option<Timestamp>,
    /// Until then no repudiation blocks the user.
    lifted_until: Option<Timestamp>,
}

impl Repudiations {
    fn knows(&self, code_id: &CodeId, now: Timestamp) -> bool {
        now < self.until && self.codes.contains(code_id)
    }

    /// When nothing here matters any more.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        let codes = (!self.codes.is_empty()).then_some(self.until);
        [codes, self.blocked_until, self.lifted_until].into_iter().flatten().max()
    }
}

impl Record {
    /// Ends a code that the user repudiates, and blocks the user for a day. A block ends any active code.
    pub fn repudiate(mut self, command: &Repudiate, now: Timestamp) -> (Self, Repudiated) {
        let Repudiate { code_id, told_of } = command;
        if self.repudiations.knows(code_id, now) {
            let blocked_until = self.blocked_until(now);
            return (self, Repudiated { blocked_until, replayed: true, also_ended: None });
        }
        let known = &mut self.repudiations;
        let is_recent = now < *told_of + DAY;
        let blocks = is_recent && known.lifted_until.is_none_or(|until| now >= until);
        if is_recent {
            if now >= known.until {
                known.codes.clear();
            }
            known.codes.push(code_id.clone());
            known.until = now + DAY;
        }
        if blocks {
            known.blocked_until = Some(now + DAY);
        }
        let mut also_ended = None;
        if let Some(code) = self.code.as_mut().filter(|code| code.is_live(now)) {
            let is_other = code.id != *code_id;
            if blocks || !is_other {
                code.state = State::Revoked;
                also_ended = is_other.then(|| code.id.clone());
            }
        }
        let blocked_until = self.blocked_until(now);
        (self, Repudiated { blocked_until, replayed: false, also_ended })
    }

    /// Lifts the block of the user, and keeps the next day's repudiations from blocking again. Returns
    /// whether there was a block.
    #[must_use]
    pub fn lift_repudiation(mut self, now: Timestamp) -> (Self, bool) {
        let is_blocked = self.blocked_until(now).is_some();
        if is_blocked {
            self.repudiations.blocked_until = None;
            self.repudiations.lifted_until = Some(now + DAY);
        }
        (self, is_blocked)
    }

    /// When the block of the user ends, if there is one.
    pub(super) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.repudiations.blocked_until.filter(|&until| now < until)
    }
}
