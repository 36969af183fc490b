//! Verify: the one transition that compares a code. First match wins, top to bottom.

use clock::Timestamp;

use super::{
    Attempt, CONSECUTIVE_MEMORY, Count, DISABLED_MEMORY, Fence, Limits, Outcome, Record, State,
};
use crate::digest::CodeDigest;
use crate::ids::CodeId;
use crate::policy::Policy;

/// What to verify.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The operation's name.
    pub attempt: Attempt,
    /// The guess's digest under each pepper in use.
    pub candidates: Vec<CodeDigest>,
    /// The policy's limits.
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    /// The code was right and is now consumed.
    Accepted {
        /// The code.
        code_id: CodeId,
        /// When it was accepted: the first time, if a retry saw the outcome of an earlier call.
        at: Timestamp,
        /// Whether a retry saw the outcome of an earlier call.
        replayed: bool,
    },
    /// The guess was refused.
    Denied {
        /// Why.
        denial: Denial,
        /// The code that was compared or fenced, where one was.
        code_id: Option<CodeId>,
        /// Whether a retry saw the outcome of an earlier call.
        replayed: bool,
    },
    /// The idempotency key stood for another request; nothing was compared.
    Conflict,
}

/// Why a guess was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule that refused it.
    pub reason: DenialReason,
    /// When the user's lock ends, where there is one.
    pub locked_until: Option<Timestamp>,
}

/// The rule that refused a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenialReason {
    /// Compared, and wrong.
    WrongCode,
    /// Compared, and wrong: it is the code that the present one replaced.
    Superseded,
    /// Compared, wrong, and the last allowed guess.
    Burned,
    /// The user is locked.
    Locked,
    /// The user has no active code.
    NoCode,
    /// The code was right, and too late. A wrong guess at an expired code is told nothing of it.
    Expired,
    /// The code was issued on another primary: no guess at it is compared.
    Fenced,
    /// Too many consecutive failures.
    Disabled,
    /// The code's pepper is not among the candidates'.
    UnknownKey,
}

impl DenialReason {
    /// All reasons.
    pub const ALL: [Self; 9] = [
        Self::WrongCode,
        Self::Superseded,
        Self::Burned,
        Self::Locked,
        Self::NoCode,
        Self::Expired,
        Self::Fenced,
        Self::Disabled,
        Self::UnknownKey,
    ];

    /// The reason's name in the audit trail and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongCode => "wrong_code",
            Self::Superseded => "superseded",
            Self::Burned => "burned",
            Self::Locked => "locked",
            Self::NoCode => "no_code",
            Self::Expired => "expired",
            Self::Fenced => "fenced",
            Self::Disabled => "disabled",
            Self::UnknownKey => "unknown_key",
        }
    }
}

impl Record {
    /// Verifies a guess. Every denial without a comparison leaves the record as it was.
    pub fn verify(
        mut self,
        command: &Verify,
        fence: &Fence,
        now: Timestamp,
    ) -> (Self, VerifyOutcome) {
        match self.recall(command.attempt, now) {
            Some(Ok(Outcome::Accepted { code_id, at })) => {
                return (self, VerifyOutcome::Accepted { code_id, at, replayed: true });
            }
            Some(Ok(Outcome::Denied(denial))) => {
                return (self, VerifyOutcome::Denied { denial, code_id: None, replayed: true });
            }
            Some(Ok(Outcome::Issued(_) | Outcome::Revoked(_) | Outcome::Cleared(_)) | Err(_)) => {
                return (self, VerifyOutcome::Conflict);
            }
            None => {}
        }
        if self.is_disabled(now) {
            return self.refuse(DenialReason::Disabled, now);
        }
        if self.lock_at(now).is_some() {
            return self.refuse(DenialReason::Locked, now);
        }
        let Some(code) = &mut self.code else { return self.refuse(DenialReason::NoCode, now) };
        let State::Active { digest, fence: issued_behind, failed, superseded } = &mut code.state
        else {
            return self.refuse(DenialReason::NoCode, now);
        };
        let is_over = now >= code.expires_at;
        let Some(candidate) = command.candidates.iter().find(|guess| guess.kid == digest.kid)
        else {
            let reason = if is_over { DenialReason::NoCode } else { DenialReason::UnknownKey };
            return self.refuse(reason, now);
        };
        if is_over {
            // Only to tell the right code that it expired; the code's limit holds after its end too.
            if *failed >= command.limits.failed_attempts || issued_behind != fence {
                return self.refuse(DenialReason::NoCode, now);
            }
            if candidate.matches(digest) {
                return self.refuse(DenialReason::Expired, now);
            }
            *failed += 1;
            return self.deny(command, DenialReason::NoCode, now);
        }

        // Before any comparison: of what was guessed on the other primary nothing may be known here.
        if issued_behind != fence {
            code.state = State::Revoked;
            return self.deny(command, DenialReason::Fenced, now);
        }
        if candidate.matches(digest) {
            code.state = State::Consumed;
            return self.accept(command, now);
        }

        let is_superseded =
            superseded.is_some_and(|tag| command.candidates.iter().any(|guess| guess.has_tag(tag)));
        *failed += 1;
        let used_up = *failed >= command.limits.failed_attempts;
        self.count_failure(command.limits, now);
        if used_up || self.failures.at(now) >= command.limits.failed_attempts {
            self.burn(command.limits, now);
            self.deny(command, DenialReason::Burned, now)
        } else if is_superseded {
            self.deny(command, DenialReason::Superseded, now)
        } else {
            self.deny(command, DenialReason::WrongCode, now)
        }
    }

    /// A denial without effect.
    fn refuse(self, reason: DenialReason, now: Timestamp) -> (Self, VerifyOutcome) {
        let denial = Denial { reason, locked_until: self.lock_at(now) };
        (self, VerifyOutcome::Denied { denial, code_id: None, replayed: false })
    }

    /// A denial that took effect: remembered for retries.
    fn deny(
        mut self,
        command: &Verify,
        reason: DenialReason,
        now: Timestamp,
    ) -> (Self, VerifyOutcome) {
        let denial = Denial { reason, locked_until: self.lock_at(now) };
        let code_id = self.code.as_ref().map(|code| code.id.clone());
        self.remember(command.attempt, command.limits, now, Outcome::Denied(denial));
        (self, VerifyOutcome::Denied { denial, code_id, replayed: false })
    }

    /// The one success of a code: every count starts anew.
    fn accept(mut self, command: &Verify, now: Timestamp) -> (Self, VerifyOutcome) {
        (self.failures, self.consecutive) = (Count::default(), Count::default());
        let code_id = self.code.as_ref().map(|code| code.id.clone()).expect("a code matched");
        let accepted = Outcome::Accepted { code_id: code_id.clone(), at: now };
        self.remember(command.attempt, command.limits, now, accepted);
        (self, VerifyOutcome::Accepted { code_id, at: now, replayed: false })
    }

    fn count_failure(&mut self, limits: Limits, now: Timestamp) {
        self.failures = self.failures.one_more(now, limits.lockout);
        let number = self.consecutive.at(now).saturating_add(1);
        let disabled = number >= Policy::CONSECUTIVE_FAILURES;
        let memory = if disabled { DISABLED_MEMORY } else { CONSECUTIVE_MEMORY };
        self.consecutive = Count { number, until: now + memory };
    }

    /// The last allowed failure: the code is gone, the user locked, and the window of failures ends
    /// with the lock.
    fn burn(&mut self, limits: Limits, now: Timestamp) {
        if let Some(code) = &mut self.code {
            code.state = State::Burned;
        }
        let until = now + limits.lockout;
        self.locked_until = Some(until);
        self.failures.until = until;
    }
}
