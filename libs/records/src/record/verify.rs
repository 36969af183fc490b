//! Verify: the only transition that compares a code. The first rule that matches decides.

use clock::Timestamp;

use super::{Attempt, Code, Fence, Limits, Outcome, Record, State};
use crate::digest::{CodeDigest, Source};
use crate::ids::CodeId;
use crate::pairing::Binding;

/// What to verify.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The operation's name and request.
    pub attempt: Attempt,
    /// The guess's digest under each pepper in use.
    pub candidates: Vec<CodeDigest>,
    /// The binding of the journey that the guess comes from, if that journey has paired.
    pub binding: Option<Binding>,
    /// The address that the guess comes from.
    pub source: Source,
    /// The policy's limits.
    pub limits: Limits,
}

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    /// The code was right and is now consumed.
    Accepted {
        /// The code.
        code_id: CodeId,
        /// When it was accepted; for a retry, when the first call was accepted.
        at: Timestamp,
        /// Whether this call is a retry that got the outcome of an earlier call.
        replayed: bool,
    },
    /// The guess was refused.
    Denied {
        /// The reason.
        denial: Denial,
        /// The code that was compared, or refused because of its fence.
        code_id: Option<CodeId>,
        /// Whether this call is a retry that got the outcome of an earlier call.
        replayed: bool,
    },
    /// The idempotency key belongs to another request; nothing was compared.
    Conflict,
}

/// Why a guess was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule that refused it.
    pub reason: DenialReason,
    /// When the user's lock ends, if there is one.
    pub locked_until: Option<Timestamp>,
}

/// The rule that refused a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DenialReason {
    /// The guess is wrong.
    WrongCode,
    /// The guess is wrong: it is the code that the present one superseded.
    Superseded,
    /// The guess is wrong, and was the last one allowed.
    Burned,
    /// The user is locked.
    Locked,
    /// The user has no active code.
    NoCode,
    /// The guess is right but too late. A wrong guess at an expired code is answered as if there
    /// were no code.
    Expired,
    /// The code was issued by another incarnation of the primary: nothing is compared.
    Fenced,
    /// The user has too many consecutive failures.
    Disabled,
    /// The code was digested with a pepper that is no longer configured.
    UnknownKey,
    /// The code belongs to another journey, or is unpaired where pairing is required.
    NotPaired,
    /// The source has used all its attempts at the code.
    SourceExhausted,
    /// The user repudiated a code within the last day.
    Blocked,
}

impl DenialReason {
    /// All reasons.
    pub const ALL: [Self; 12] = [
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
        Self::Blocked,
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
            Self::Blocked => "blocked",
        }
    }
}

impl Record {
    /// Verifies a guess. A denial without a comparison leaves the record unchanged.
    pub fn verify(self, command: &Verify, fence: &Fence, now: Timestamp) -> (Self, VerifyOutcome) {
        // Before any outcome is repeated: a retry must not revive what the user repudiated.
        if self.blocked_until(now).is_some() {
            return self.refuse(DenialReason::Blocked, now);
        }
        match self.recall(command.attempt, now) {
            Some(Ok(Outcome::Accepted { code_id, at })) => {
                return (self, VerifyOutcome::Accepted { code_id, at, replayed: true });
            }
            Some(Ok(Outcome::Denied(denial))) => {
                return (self, VerifyOutcome::Denied { denial, code_id: None, replayed: true });
            }
            Some(
                Ok(Outcome::Issued(_) | Outcome::Revoked { .. } | Outcome::Cleared(_)) | Err(_),
            ) => {
                return (self, VerifyOutcome::Conflict);
            }
            None => {}
        }
        if let Some(reason) = self.barred(command, now) {
            return self.refuse(reason, now);
        }
        self.compare(command, fence, now)
    }

    /// The reason to deny the guess before its text is considered, if there is one.
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

    /// Compares a guess with the code, unless the code's pepper is unknown or its fence differs.
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
            // Compared only to tell the owner of the right code that it expired. The code's limit
            // still applies.
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

        // Before any comparison: guesses made on the other primary may be unknown here.
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

    /// Denies without an effect.
    fn refuse(self, reason: DenialReason, now: Timestamp) -> (Self, VerifyOutcome) {
        let denial = Denial { reason, locked_until: self.failures(self.is_paired()).lock_at(now) };
        (self, VerifyOutcome::Denied { denial, code_id: None, replayed: false })
    }

    /// Denies with an effect, which is remembered for retries.
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

    /// Consumes the code and resets the counters of its kind.
    fn accept(mut self, command: &Verify, now: Timestamp) -> (Self, VerifyOutcome) {
        let is_paired = self.is_paired();
        self.failures_mut(is_paired).forget();
        let code_id = self.code.as_ref().map(|code| code.id.clone()).expect("a code matched");
        let accepted = Outcome::Accepted { code_id: code_id.clone(), at: now };
        self.remember(command.attempt, command.limits, now, accepted);
        (self, VerifyOutcome::Accepted { code_id, at: now, replayed: false })
    }

    /// Ends the code and locks the user after the last allowed failure.
    fn burn(&mut self, limits: Limits, now: Timestamp) {
        let is_paired = self.is_paired();
        if let Some(code) = &mut self.code {
            code.state = State::Burned;
        }
        self.failures_mut(is_paired).lock(limits, now);
    }
}
