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
//! A paired code stores the binding of one journey and is compared only with guesses under it. What is
//! counted for paired codes and for unpaired ones is kept apart.
//!
//! This module is the readable specification of every store: a store runs one of its transitions
//! atomically, with its own clock's `now`. A transition consumes the record and returns the next
//! one; none of them reads a clock, draws randomness or performs I/O.

mod describe;
mod failures;
mod issue;
mod manage;
mod outcomes;
mod pairings;
mod sources;
mod verify;

use std::time::Duration;

use clock::Timestamp;

use self::failures::{Count, Failures};
use self::outcomes::{Outcome, Remembered};
use self::pairings::Open;
use self::sources::Sources;
use crate::digest::{AttemptId, CodeDigest, DigestTag, Fingerprint};
use crate::ids::{ClientId, CodeId};
use crate::pairing::Binding;
use crate::policy::{PairingRule, Policy};

pub use describe::{CodeDescription, CodeState, Description, Lockout};
pub use failures::{CONSECUTIVE_MEMORY, DISABLED_MEMORY};
pub use issue::{Issue, IssueOutcome};
pub use manage::{Clear, ClearOutcome, Cleared, Revoke, RevokeOutcome};
pub use pairings::{PAIRINGS_PER_SOURCE, Pair, PairOutcome};
pub use verify::{Denial, DenialReason, Verify, VerifyOutcome};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a retry with the same idempotency key sees the first outcome again.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(120);

/// How long a code can be described after its time is up.
pub const TRACE: Duration = HOUR;

/// The limits of a policy that a transition needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures that burn a code and lock the user.
    pub failed_attempts: u32,
    /// Failures from one source at one unpaired code.
    pub attempts_per_source: u32,
    /// Whether unpaired codes are refused.
    pub pairing_required: bool,
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
            attempts_per_source: policy.attempts_per_source(),
            pairing_required: settings.pairing == PairingRule::Required,
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
    unpaired: Failures,
    paired: Failures,
    issues: Count,
    overrides: Count,
    outcomes: Vec<Remembered>,
    pairings: Vec<Open>,
}

/// The latest code.
#[derive(Clone, Debug)]
struct Code {
    id: CodeId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    issued_by: IssuedBy,
    /// The journey that the code is for, if it is paired.
    binding: Option<Binding>,
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
        sources: Sources,
    },
    Consumed,
    Burned,
    Revoked,
}

impl Record {
    /// When nothing in the record matters any more: its time to live in a store.
    pub fn dies_at(&self) -> Timestamp {
        let pairings = self.pairings.iter().map(|open| open.pairing.expires_at);
        pairings.chain([self.ends()]).max().unwrap_or_default()
    }

    /// The record as it is found at `now`: open pairings do not make the rest live longer.
    #[must_use]
    pub fn found_at(self, now: Timestamp) -> Self {
        if now >= self.ends() {
            return Self { pairings: self.pairings, ..Self::default() };
        }
        // A code is forgotten with its traces, however long a count keeps the record.
        let code = self.code.filter(|code| now < code.expires_at + TRACE);
        Self { code, ..self }
    }

    /// When nothing but pairings matters any more.
    fn ends(&self) -> Timestamp {
        let counts = [self.unpaired.ends(), self.paired.ends(), self.issues.ends()];
        let counts = counts.into_iter().chain([self.overrides.ends()]).flatten();
        let code = self.code.iter().map(|code| code.expires_at + TRACE);
        let outcomes = self.outcomes.iter().map(|remembered| remembered.until);
        counts.chain(code).chain(outcomes).max().unwrap_or_default()
    }

    /// What is counted for codes of that kind.
    const fn failures(&self, is_paired: bool) -> &Failures {
        if is_paired { &self.paired } else { &self.unpaired }
    }

    const fn failures_mut(&mut self, is_paired: bool) -> &mut Failures {
        if is_paired { &mut self.paired } else { &mut self.unpaired }
    }

    /// Whether the latest code is a paired one.
    fn is_paired(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.binding.is_some())
    }
}
