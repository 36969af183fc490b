//! Counters that expire, and the failures at codes of one kind with the lock that they lead to.

use std::time::Duration;

use clock::Timestamp;

use super::{Limits, Lockout};
use crate::policy::Policy;

/// How long consecutive failures are remembered as long as they have not disabled the user.
pub const CONSECUTIVE_MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a user stays disabled if no administrator acts. Every key in a store needs a lifetime;
/// this one is longer than any case takes.
pub const DISABLED_MEMORY: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A counter that expires.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) number: u32,
    pub(super) until: Timestamp,
}

impl Count {
    /// The value at `now`: zero once it has expired.
    pub(super) fn at(self, now: Timestamp) -> u32 {
        if now < self.until { self.number } else { 0 }
    }

    /// Adds one. The first addition after an expiry opens a window of `length`.
    pub(super) fn one_more(self, now: Timestamp, length: Duration) -> Self {
        let until = if self.at(now) == 0 { now + length } else { self.until };
        Self { number: self.at(now).saturating_add(1), until }
    }

    /// When the counter expires, unless it is zero.
    pub(super) fn ends(self) -> Option<Timestamp> {
        (self.number > 0).then_some(self.until)
    }
}

/// The failures at paired codes, or those at unpaired codes. Each kind has its own counters and
/// lock: anyone can fail at an unpaired code, and that must not affect the user's paired one.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures {
    /// Failures in the present window.
    pub(super) window: Count,
    /// Failures since the last success.
    pub(super) consecutive: Count,
    pub(super) locked_until: Option<Timestamp>,
}

impl Failures {
    pub(super) fn is_disabled(&self, now: Timestamp) -> bool {
        self.consecutive.at(now) >= Policy::CONSECUTIVE_FAILURES
    }

    pub(super) fn lock_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|&until| now < until)
    }

    /// Counts a failure. Returns whether it was the last that the window allows.
    pub(super) fn count(&mut self, limits: Limits, now: Timestamp) -> bool {
        self.window = self.window.one_more(now, limits.lockout);
        let number = self.consecutive.at(now).saturating_add(1);
        let disabled = number >= Policy::CONSECUTIVE_FAILURES;
        let memory = if disabled { DISABLED_MEMORY } else { CONSECUTIVE_MEMORY };
        self.consecutive = Count { number, until: now + memory };
        self.window.at(now) >= limits.failed_attempts
    }

    /// Locks the user. The window of failures ends with the lock.
    pub(super) fn lock(&mut self, limits: Limits, now: Timestamp) {
        let until = now + limits.lockout;
        self.locked_until = Some(until);
        self.window.until = until;
    }

    /// Ends the lock and the window. The consecutive count stays.
    pub(super) fn unlock(&mut self) {
        (self.locked_until, self.window) = (None, Count::default());
    }

    /// Forgets the counts after a success.
    pub(super) fn forget(&mut self) {
        (self.window, self.consecutive) = (Count::default(), Count::default());
    }

    pub(super) fn describe(&self, now: Timestamp) -> Lockout {
        let failures = self.window.at(now);
        Lockout {
            failures,
            window_ends_at: (failures > 0).then_some(self.window.until),
            locked_until: self.lock_at(now),
            consecutive_failures: self.consecutive.at(now),
            disabled: self.is_disabled(now),
        }
    }

    /// When every counter and the lock have expired.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        [self.window.ends(), self.consecutive.ends(), self.locked_until].into_iter().flatten().max()
    }
}
