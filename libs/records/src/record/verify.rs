//! Verify: the one transition that compares a code. First match wins, top to bottom.

use clock::Timestamp;

use super::{Attempt, Code, Fence, Limits, Outcome, Record, State};
use crate::digest::{CodeDigest, Source};
use crate::ids::CodeId;
use crate::pairing::Binding;

/// What to verify.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The operation's name.
    pub attempt: Attempt,
    /// The guess's digest under each pepper in use.
    pub candidates: Vec<CodeDigest>,
    /// The journey in which the guess was made, if it has paired.
    pub binding: Option<Binding>,
    /// Where the guess comes from.
    pub source: Source,
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
    /// The code is for another journey, or is unpaired where pairing is required.
    NotPaired,
    /// The source of the guess has used its attempts at the code.
    SourceExhausted,
}

impl DenialReason {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::WrongCode,
        Self::Superseded,
        Self::Burned,
        Self::Locked,
        Self::NoCode,
        Self::Expired,
        Self::Fenced,
        Self::Disabled,
        Self::UnknownKey,
        Self::NotPaired,
        Self::SourceExhausted,
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
            Self::NotPaired => "not_paired",
            Self::SourceExhausted => "source_exhausted",
        }
    }
}

impl Record {
    /// Verifies a guess. Every denial without a comparison leaves the record as it was.
    pub fn verify(self, command: &Verify, fence: &Fence, now: Timestamp) -> (Self, VerifyOutcome) {
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
        if let Some(reason) = self.barred(command, now) {
            return self.refuse(reason, now);
        }
        self.compare(command, fence, now)
    }

    /// Why a guess is denied whatever its text is, if it is.
    fn barred(&self, command: &Verify, now: Timestamp) -> Option<DenialReason> {
        let failures = self.failures(self.is_paired());
        if failures.is_disabled(now) {
            return Some(DenialReason::Disabled);
        }
        if failures.lock_at(now).is_some() {
            return Some(DenialReason::Locked);
        }
        let Some(Code { id, binding, state: State::Active { sources, .. }, .. }) = &self.code
        else {
            return Some(DenialReason::NoCode);
        };
        let is_admitted = match binding {
            Some(_) => command.binding == *binding,
            None => !command.limits.pairing_required,
        };
        if !is_admitted {
            return Some(DenialReason::NotPaired);
        }
        let is_exhausted = sources.has_exhausted(command.source.tag(id.nonce()));
        is_exhausted.then_some(DenialReason::SourceExhausted)
    }

    /// Compares a guess with the code, unless its key is unknown or it lies behind a fence.
    fn compare(mut self, command: &Verify, fence: &Fence, now: Timestamp) -> (Self, VerifyOutcome) {
        let limits = command.limits;
        let is_paired = self.is_paired();
        let Some(code) = &mut self.code else { return self.refuse(DenialReason::NoCode, now) };
        let State::Active { digest, fence: issued_behind, failed, superseded, sources } =
            &mut code.state
        else {
            return self.refuse(DenialReason::NoCode, now);
        };
        let is_over = now >= code.expires_at;
        let Some(candidate) = command.candidates.iter().find(|guess| guess.kid == digest.kid)
        else {
            let reason = if is_over { DenialReason::NoCode } else { DenialReason::UnknownKey };
            return self.refuse(reason, now);
        };
        let source = command.source.tag(code.id.nonce());
        if is_over {
            // Only to tell the right code that it expired; the code's limit holds after its end too.
            if *failed >= limits.failed_attempts || issued_behind != fence {
                return self.refuse(DenialReason::NoCode, now);
            }
            if candidate.matches(digest) {
                return self.refuse(DenialReason::Expired, now);
            }
            *failed += 1;
            if !is_paired {
                sources.count(source, limits);
            }
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
        if !is_paired {
            sources.count(source, limits);
        }
        let is_used_up = *failed >= limits.failed_attempts;
        let is_last = self.failures_mut(is_paired).count(limits, now);
        if is_used_up || is_last {
            self.burn(limits, now);
            self.deny(command, DenialReason::Burned, now)
        } else if is_superseded {
            self.deny(command, DenialReason::Superseded, now)
        } else {
            self.deny(command, DenialReason::WrongCode, now)
        }
    }

    /// A denial without effect.
    fn refuse(self, reason: DenialReason, now: Timestamp) -> (Self, VerifyOutcome) {
        let denial = Denial { reason, locked_until: self.failures(self.is_paired()).lock_at(now) };
        (self, VerifyOutcome::Denied { denial, code_id: None, replayed: false })
    }

    /// A denial that took effect: remembered for retries.
    fn deny(
        mut self,
        command: &Verify,
        reason: DenialReason,
        now: Timestamp,
    ) -> (Self, VerifyOutcome) {
        let denial = Denial { reason, locked_until: self.failures(self.is_paired()).lock_at(now) };
        let code_id = self.code.as_ref().map(|code| code.id.clone());
        self.remember(command.attempt, command.limits, now, Outcome::Denied(denial));
        (self, VerifyOutcome::Denied { denial, code_id, replayed: false })
    }

    /// The one success of a code: the counts of its kind start anew.
    fn accept(mut self, command: &Verify, now: Timestamp) -> (Self, VerifyOutcome) {
        let is_paired = self.is_paired();
        self.failures_mut(is_paired).forget();
        let code_id = self.code.as_ref().map(|code| code.id.clone()).expect("a code matched");
        let accepted = Outcome::Accepted { code_id: code_id.clone(), at: now };
        self.remember(command.attempt, command.limits, now, accepted);
        (self, VerifyOutcome::Accepted { code_id, at: now, replayed: false })
    }

    /// The last allowed failure: the code is gone, the user locked.
    fn burn(&mut self, limits: Limits, now: Timestamp) {
        let is_paired = self.is_paired();
        if let Some(code) = &mut self.code {
            code.state = State::Burned;
        }
        self.failures_mut(is_paired).lock(limits, now);
    }
}
