//! The record of one user of one application: the latest code, the counters, and the outcomes for
//! retries. One store key holds them all, so they expire together.
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
//! A paired code stores the binding of one journey, and only guesses with that binding are compared
//! with it. Paired and unpaired codes have separate counters.
//!
//! This module is the specification of every store: a store runs one of its transitions atomically,
//! with `now` from its own clock. A transition consumes the record and returns the next one. None
//! of them reads a clock, draws randomness or performs I/O.

mod describe;
mod failures;
mod issue;
mod manage;
mod outcomes;
mod pairings;
mod repudiate;
mod sources;
mod verify;

use std::time::Duration;

use clock::Timestamp;

use self::failures::{Count, Failures};
use self::outcomes::{Outcome, Remembered};
use self::pairings::Open;
use self::repudiate::Repudiations;
use self::sources::Sources;
use crate::digest::{AttemptId, CodeDigest, DigestTag, Fingerprint};
use crate::ids::{ClientId, CodeId};
use crate::pairing::Binding;
use crate::policy::{PairingRule, Policy};

pub use describe::{CodeDescription, CodeState, Description, Lockout};
pub use failures::{CONSECUTIVE_MEMORY, DISABLED_MEMORY};
pub use issue::{Issue, IssueCheck, IssueOutcome};
pub use manage::{Clear, ClearOutcome, Cleared, Revoke, RevokeOutcome};
pub use pairings::{PAIRINGS_PER_SOURCE, Pair, PairOutcome};
pub use repudiate::{Repudiate, Repudiated};
pub use verify::{Denial, DenialReason, Verify, VerifyOutcome};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a retry with the same idempotency key gets the first outcome.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(120);

/// How long a code can be described after its expiry.
pub const TRACE: Duration = HOUR;

/// The limits of a policy that transitions need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures after which a code is burned and its user locked.
    pub failed_attempts: u32,
    /// Failures from one source at one unpaired code.
    pub attempts_per_source: u32,
    /// Whether unpaired codes are refused.
    pub pairing_required: bool,
    /// How long a lock lasts, and how long a window of failures is.
    pub lockout: Duration,
    /// Codes that may be issued for one user within an hour.
    pub issues_per_hour: u32,
    /// Locks of one user that may be overridden within a day.
    pub overrides_per_day: u32,
}

impl Limits {
    /// How many outcomes a record keeps for retries: one for each guess that a code allows, and one
    /// for its issue. The newest clearing is kept beside them.
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

/// Identifies one incarnation of the primary, from a start or promotion to the next. A code from
/// another incarnation may have been consumed or guessed at there, and this store may not know: it
/// is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence(pub String);

/// Names an operation, so that a retry is recognised, and holds what it asked for, so that another
/// request under the same name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Derived from the caller's idempotency key, or random.
    pub id: AttemptId,
    /// A hash of the request.
    pub fingerprint: Fingerprint,
}

/// Who issued a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedBy {
    /// The client that made the call.
    pub client: ClientId,
    /// The agent that the call names, if it names one.
    pub agent: Option<String>,
}

/// Everything that is stored about one user of one application.
#[derive(Clone, Debug, Default)]
pub struct Record {
    code: Option<Code>,
    unpaired: Failures,
    paired: Failures,
    issues: Count,
    overrides: Count,
    outcomes: Vec<Remembered>,
    pairings: Vec<Open>,
    repudiations: Repudiations,
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

/// The state of a code. Only an active code has a digest: no other state can be compared.
#[derive(Clone, Debug)]
enum State {
    Active {
        digest: CodeDigest,
        fence: Fence,
        failed: u32,
        /// The tag of the code that this one superseded.
        superseded: Option<DigestTag>,
        sources: Sources,
    },
    Consumed,
    Burned,
    Revoked,
}

impl Record {
    /// When everything in the record has expired: its lifetime in a store.
    pub fn dies_at(&self) -> Timestamp {
        let pairings = self.pairings.iter().map(|open| open.pairing.expires_at);
        pairings.chain([self.ends()]).max().unwrap_or_default()
    }

    /// The record without what has expired at `now`. Open pairings do not prolong the rest.
    #[must_use]
    pub fn found_at(self, now: Timestamp) -> Self {
        if now >= self.ends() {
            return Self { pairings: self.pairings, ..Self::default() };
        }
        // A code is forgotten an hour after its expiry, even if a counter keeps the record longer.
        let code = self.code.filter(|code| now < code.expires_at + TRACE);
        Self { code, ..self }
    }

    /// When everything except open pairings has expired.
    fn ends(&self) -> Timestamp {
        let counts = [self.unpaired.ends(), self.paired.ends(), self.issues.ends()];
        let counts = counts.into_iter().chain([self.overrides.ends()]).flatten();
        let code = self.code.iter().map(|code| code.expires_at + TRACE);
        let outcomes = self.outcomes.iter().map(|remembered| remembered.until);
        let repudiations = self.repudiations.ends();
        counts.chain(code).chain(outcomes).chain(repudiations).max().unwrap_or_default()
    }

    /// The counters of paired or of unpaired codes.
    const fn failures(&self, is_paired: bool) -> &Failures {
        if is_paired { &self.paired } else { &self.unpaired }
    }

    const fn failures_mut(&mut self, is_paired: bool) -> &mut Failures {
        if is_paired { &mut self.paired } else { &mut self.unpaired }
    }

    /// Whether the latest code is paired.
    fn is_paired(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.binding.is_some())
    }
}
