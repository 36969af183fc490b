//! The record of one user of one application: the latest code, the counters, and the outcomes that
//! a retry must see again. They live and die together.
//!
//! ```text
//!            issue                 right code, in time, same fence
//!   (none) ---------> ACTIVE ------------------------------------------> CONSUMED
//!                      |  |
//!                      |  +-- wrong code, at the limit ----------------> BURNED, user locked
//!                      +----- revoked, or any guess behind a fence ----> REVOKED
//!                      +----- its time is up --------------------------> EXPIRED   (by the clock)
//!                      +----- another issue ---------------------------> SUPERSEDED (only a tag is kept)
//! ```
//!
//! This module is the readable specification of every store: a store runs one of its transitions
//! atomically, with its own clock's `now`. A transition consumes the record and returns the next
//! one; none of them reads a clock, draws randomness or performs I/O.

mod describe;
mod issue;
mod manage;
mod verify;

use std::time::Duration;

use clock::Timestamp;

use crate::digest::{AttemptId, CodeDigest, DigestTag, Fingerprint};
use crate::ids::{ClientId, CodeId};
use crate::policy::Policy;

pub use describe::{CodeDescription, CodeState, Description, Lockout};
pub use issue::{Issue, IssueOutcome};
pub use manage::{Clear, ClearOutcome, Cleared, Revoke, RevokeOutcome};
pub use verify::{Denial, DenialReason, Verify, VerifyOutcome};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a retry with the same idempotency key sees the first outcome again.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(120);

/// How long a code can be described after its time is up.
pub const TRACE: Duration = HOUR;

/// How long consecutive failures are remembered while they disable nobody yet.
pub const CONSECUTIVE_MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a user stays disabled if no administrator acts. Every key in a store needs an end;
/// this one lies far beyond any case's.
pub const DISABLED_MEMORY: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The limits of a policy that a transition needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures that burn a code and lock the user.
    pub failed_attempts: u32,
    /// How long a lock lasts, and a window of failures.
    pub lockout: Duration,
    /// Codes that may be issued for one user within an hour.
    pub issues_per_hour: u32,
    /// Locks of one user that may be overridden within a day.
    pub overrides_per_day: u32,
}

impl Limits {
    /// How many outcomes one record keeps for retries: those of all guesses at a code, and of its issue.
    pub fn kept_outcomes(self) -> usize {
        usize::try_from(self.failed_attempts).unwrap_or(usize::MAX).saturating_add(1)
    }
}

impl From<&Policy> for Limits {
    fn from(policy: &Policy) -> Self {
        let settings = policy.settings();
        Self {
            failed_attempts: settings.failed_attempts,
            lockout: settings.lockout,
            issues_per_hour: settings.issues_per_hour,
            overrides_per_day: settings.overrides_per_day,
        }
    }
}

/// Identifies the primary that a store runs on, from one start or promotion to the next. What was
/// issued behind another fence may have been consumed or guessed at there unseen: it is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence(pub String);

/// Names one operation, so that a retry is recognised, and what it asked for, so that another
/// request under the same name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The caller's key, or one that no other operation has.
    pub id: AttemptId,
    /// The request.
    pub fingerprint: Fingerprint,
}

/// Who issued a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedBy {
    /// The client that called.
    pub client: ClientId,
    /// The agent behind it, where the call named one.
    pub agent: Option<String>,
}

/// Everything that is kept about one user of one application.
#[derive(Clone, Debug, Default)]
pub struct Record {
    code: Option<Code>,
    /// Failures in the present window.
    failures: Count,
    locked_until: Option<Timestamp>,
    /// Failures since the last success.
    consecutive: Count,
    issues: Count,
    overrides: Count,
    outcomes: Vec<Remembered>,
}

/// The latest code.
#[derive(Clone, Debug)]
struct Code {
    id: CodeId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    issued_by: IssuedBy,
    state: State,
}

/// Where a code stands. Only an active code has a digest: a terminal one cannot be compared.
#[derive(Clone, Debug)]
enum State {
    Active {
        digest: CodeDigest,
        fence: Fence,
        failed: u32,
        /// Recognises the code that this one replaced.
        superseded: Option<DigestTag>,
    },
    Consumed,
    Burned,
    Revoked,
}

/// A number that is forgotten at an instant.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    number: u32,
    until: Timestamp,
}

impl Count {
    /// The number as it counts at `now`.
    fn at(self, now: Timestamp) -> u32 {
        if now < self.until { self.number } else { 0 }
    }

    /// One more in the present window; the first one opens a window of `length`.
    fn one_more(self, now: Timestamp, length: Duration) -> Self {
        let until = if self.at(now) == 0 { now + length } else { self.until };
        Self { number: self.at(now).saturating_add(1), until }
    }
}

/// An outcome, for retries to see again.
#[derive(Clone, Debug)]
struct Remembered {
    attempt: Attempt,
    until: Timestamp,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
enum Outcome {
    Issued(CodeId),
    Accepted { code_id: CodeId, at: Timestamp },
    Denied(Denial),
    Revoked(CodeId),
    Cleared(Cleared),
}

/// How much a retry needs an outcome, the least first. A superseded issue has only a conflict to
/// repeat; a repeated denial costs a guess; a lost acceptance costs the user the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    SupersededIssue,
    Denial,
    Change,
    Acceptance,
}

impl Record {
    /// When nothing in the record matters any more: its time to live in a store.
    pub fn dies_at(&self) -> Timestamp {
        let counts = [self.failures, self.consecutive, self.issues, self.overrides];
        let counts = counts.into_iter().filter(|count| count.number > 0).map(|count| count.until);
        let code = self.code.iter().map(|code| code.expires_at + TRACE);
        let outcomes = self.outcomes.iter().map(|remembered| remembered.until);
        counts.chain(code).chain(outcomes).chain(self.locked_until).max().unwrap_or_default()
    }

    fn is_disabled(&self, now: Timestamp) -> bool {
        self.consecutive.at(now) >= Policy::CONSECUTIVE_FAILURES
    }

    fn lock_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|&until| now < until)
    }

    /// The outcome that an attempt of this name had: `None` for a new name, `Err` for a name that
    /// stood for another request.
    fn recall(&self, attempt: Attempt, now: Timestamp) -> Option<Result<Outcome, NameReused>> {
        let mut live = self.outcomes.iter().filter(|remembered| now < remembered.until);
        let known = live.find(|remembered| remembered.attempt.id == attempt.id)?;
        let same_request = known.attempt.fingerprint == attempt.fingerprint;
        Some(if same_request { Ok(known.outcome.clone()) } else { Err(NameReused) })
    }

    /// Remembers an outcome, and forgets the least needed ones beyond the limit: no caller can make a
    /// record grow. The newest outcome always stays.
    fn remember(&mut self, attempt: Attempt, limits: Limits, now: Timestamp, outcome: Outcome) {
        self.outcomes.retain(|remembered| now < remembered.until);
        while self.outcomes.len() >= limits.kept_outcomes() {
            let worth = |&at: &usize| self.worth(&self.outcomes[at].outcome);
            // The first of equals: the oldest.
            let Some(least) = (0..self.outcomes.len()).min_by_key(worth) else { break };
            self.outcomes.remove(least);
        }
        self.outcomes.push(Remembered { attempt, until: now + REPLAY_WINDOW, outcome });
    }

    fn worth(&self, outcome: &Outcome) -> Worth {
        let is_current = |id: &CodeId| self.code.as_ref().is_some_and(|code| code.id == *id);
        match outcome {
            Outcome::Issued(id) if !is_current(id) => Worth::SupersededIssue,
            Outcome::Denied(_) => Worth::Denial,
            Outcome::Issued(_) | Outcome::Revoked(_) | Outcome::Cleared(_) => Worth::Change,
            Outcome::Accepted { .. } => Worth::Acceptance,
        }
    }
}

/// An idempotency key came again with another request.
#[derive(Debug)]
struct NameReused;
