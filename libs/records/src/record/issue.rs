//! Issue: a new code replaces the old one. Failure counts stay.

use std::time::Duration;

use clock::Timestamp;

use super::{Attempt, Code, DAY, Fence, HOUR, IssuedBy, Limits, Outcome, Record, Sources, State};
use crate::digest::{CodeDigest, DigestTag};
use crate::ids::CodeId;
use crate::pairing::{Binding, ForJourney, Journey};

/// What to issue.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The operation's name and request.
    pub attempt: Attempt,
    /// The id of the new code.
    pub code_id: CodeId,
    /// The digest of the new code.
    pub digest: CodeDigest,
    /// How long the code lives.
    pub life: Duration,
    /// Who issues it.
    pub issued_by: IssuedBy,
    /// The journey that the code is for; without one, the code is unpaired.
    pub pairing: Option<ForJourney>,
    /// Whether only the code of an earlier call may be replaced, and no other may be issued.
    pub reissue_only: bool,
    /// Whether to issue the code and end the lock if the user is locked.
    pub override_lockout: bool,
    /// The policy's limits.
    pub limits: Limits,
}

/// Whether an issue would succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueCheck {
    /// Nothing is against it.
    Clear(Option<Journey>),
    /// It would have this outcome.
    Refused(IssueOutcome),
}

/// The outcome of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueOutcome {
    /// The code is active.
    Issued {
        /// The code's ID. If a retry replaced the code of an earlier call, it is the ID of that
        /// call's code.
        code_id: CodeId,
        /// The code is refused from this time on.
        expires_at: Timestamp,
        /// How many wrong guesses the code allows.
        attempts_allowed: u32,
        /// Whether the code works only in the named journey.
        paired: bool,
        /// Whether a lock was ended to issue it.
        lock_overridden: bool,
        /// Whether a retry replaced the code of an earlier call.
        replayed: bool,
    },
    /// The user has no open pairing with that number.
    PairingNotFound,
    /// The journey ends at this time, before the code would expire.
    OutlivesSession(Timestamp),
    /// The user is locked until this time.
    Locked(Timestamp),
    /// The user repudiated a code: nothing is issued until this time.
    Blocked(Timestamp),
    /// The user has too many consecutive failures; an administrator must act.
    Disabled,
    /// The hour's quota of codes is used up until this time.
    QuotaExceeded(Timestamp),
    /// The day's quota of overrides is used up until this time.
    OverrideQuotaExceeded(Timestamp),
    /// The idempotency key belongs to another request, or its code is no longer active.
    Conflict,
}

impl Code {
    /// The tag of the code that an issue supersedes, if that code could still be redeemed.
    fn live_tag(&self, now: Timestamp) -> Option<DigestTag> {
        match &self.state {
            State::Active { digest, .. } if now < self.expires_at => Some(digest.tag()),
            State::Active { .. } | State::Consumed | State::Burned | State::Revoked => None,
        }
    }
}

impl Record {
    /// Issues a code.
    pub fn issue(self, command: &Issue, fence: &Fence, now: Timestamp) -> (Self, IssueOutcome) {
        if let Some(until) = self.blocked_until(now) {
            return (self, IssueOutcome::Blocked(until));
        }
        match self.recall(command.attempt, now) {
            Some(Ok(Outcome::Issued(code_id))) => {
                return self.reissue(command, &code_id, fence, now);
            }
            Some(
                Ok(
                    Outcome::Accepted { .. }
                    | Outcome::Denied(_)
                    | Outcome::Revoked { .. }
                    | Outcome::Cleared(_),
                )
                | Err(_),
            ) => return (self, IssueOutcome::Conflict),
            None if command.reissue_only => return (self, IssueOutcome::Conflict),
            None => {}
        }
        let journey = command.pairing.as_ref().map(|pairing| self.journey(pairing, now));
        let binding = match journey {
            None => None,
            Some(None) => return (self, IssueOutcome::PairingNotFound),
            Some(Some(Journey { session_ends_at, .. })) if now + command.life > session_ends_at => {
                return (self, IssueOutcome::OutlivesSession(session_ends_at));
            }
            Some(Some(journey)) => Some(journey.binding),
        };
        if let Some(until) = self.quota_exceeded(command.limits, now) {
            return (self, IssueOutcome::QuotaExceeded(until));
        }
        let failures = self.failures(binding.is_some());
        if failures.is_disabled(now) {
            return (self, IssueOutcome::Disabled);
        }
        match failures.lock_at(now) {
            Some(until) if !command.override_lockout => return (self, IssueOutcome::Locked(until)),
            Some(_) if self.overrides.at(now) >= command.limits.overrides_per_day => {
                let until = self.overrides.until;
                return (self, IssueOutcome::OverrideQuotaExceeded(until));
            }
            Some(_) | None => {}
        }
        self.put_in_place(command, binding, fence, now)
    }

    /// Tells whether an issue would succeed now, and in which journey its code would work.
    pub fn check_issue(&self, command: &Issue, fence: &Fence, now: Timestamp) -> IssueCheck {
        match self.clone().issue(command, fence, now).1 {
            IssueOutcome::Issued { .. } => {
                let pairing = command.pairing.as_ref();
                IssueCheck::Clear(pairing.and_then(|pairing| self.journey(pairing, now)))
            }
            refused => IssueCheck::Refused(refused),
        }
    }

    /// Answers a retry. The first reply was lost together with its code, which no store holds in
    /// clear. So the same code ID gets a new code, and only the last code returned is valid. The
    /// new code counts towards the hour's quota as any other.
    fn reissue(
        mut self,
        command: &Issue,
        code_id: &CodeId,
        fence: &Fence,
        now: Timestamp,
    ) -> (Self, IssueOutcome) {
        let exceeded = self.quota_exceeded(command.limits, now);
        let code = self.code.as_mut().filter(|code| code.id == *code_id && now < code.expires_at);
        let Some(code) = code else { return (self, IssueOutcome::Conflict) };
        let expires_at = code.expires_at;
        match &mut code.state {
            State::Active { digest, fence: issued_behind, superseded, .. }
                if issued_behind == fence =>
            {
                if let Some(until) = exceeded {
                    return (self, IssueOutcome::QuotaExceeded(until));
                }
                *superseded = Some(digest.tag());
                *digest = command.digest;
            }
            State::Active { .. } | State::Consumed | State::Burned | State::Revoked => {
                return (self, IssueOutcome::Conflict);
            }
        }
        self.issues = self.issues.one_more(now, HOUR);
        let outcome = IssueOutcome::Issued {
            code_id: code_id.clone(),
            expires_at,
            attempts_allowed: self.attempts_allowed(command.limits, now),
            paired: self.is_paired(),
            lock_overridden: false,
            replayed: true,
        };
        (self, outcome)
    }

    fn put_in_place(
        mut self,
        command: &Issue,
        binding: Option<Binding>,
        fence: &Fence,
        now: Timestamp,
    ) -> (Self, IssueOutcome) {
        let paired = binding.is_some();
        let lock_overridden = self.failures(paired).lock_at(now).is_some();
        if lock_overridden {
            self.failures_mut(paired).unlock();
            self.overrides = self.overrides.one_more(now, DAY);
        }
        let expires_at = now + command.life;
        let superseded = self.code.as_ref().and_then(|code| code.live_tag(now));
        self.code = Some(Code {
            id: command.code_id.clone(),
            issued_at: now,
            expires_at,
            issued_by: command.issued_by.clone(),
            binding,
            state: State::Active {
                digest: command.digest,
                fence: fence.clone(),
                failed: 0,
                superseded,
                sources: Sources::default(),
            },
        });
        self.issues = self.issues.one_more(now, HOUR);
        let issued = Outcome::Issued(command.code_id.clone());
        self.remember(command.attempt, command.limits, now, issued);
        let outcome = IssueOutcome::Issued {
            code_id: command.code_id.clone(),
            expires_at,
            attempts_allowed: self.attempts_allowed(command.limits, now),
            paired,
            lock_overridden,
            replayed: false,
        };
        (self, outcome)
    }

    /// Until when the hour's quota is used up, if it is.
    fn quota_exceeded(&self, limits: Limits, now: Timestamp) -> Option<Timestamp> {
        (self.issues.at(now) >= limits.issues_per_hour).then_some(self.issues.until)
    }

    /// The guesses that remain: the limit of the window and the limit of the code both apply. At
    /// least one remains, even if the policy became stricter during the window.
    fn attempts_allowed(&self, limits: Limits, now: Timestamp) -> u32 {
        let failed = match self.code.as_ref().map(|code| &code.state) {
            Some(State::Active { failed, .. }) => *failed,
            Some(State::Consumed | State::Burned | State::Revoked) | None => 0,
        };
        let counted = self.failures(self.is_paired()).window.at(now);
        limits.failed_attempts.saturating_sub(failed.max(counted)).max(1)
    }
}
