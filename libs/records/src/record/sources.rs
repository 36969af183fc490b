//! The sources that failed at one unpaired code. A source that has used all its attempts is refused
//! before any comparison, so that one address cannot burn the code.

use super::Limits;
use crate::digest::SourceTag;

/// The failures at one code, by source.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    /// One entry for each failure of a source that still has attempts.
    failed: Vec<SourceTag>,
    /// The sources that have used all their attempts.
    exhausted: Vec<SourceTag>,
}

impl Sources {
    /// Whether a source has used all its attempts.
    pub(super) fn has_exhausted(&self, source: SourceTag) -> bool {
        self.exhausted.contains(&source)
    }

    /// How many sources have used all their attempts.
    pub(super) fn exhausted(&self) -> u32 {
        u32::try_from(self.exhausted.len()).unwrap_or(u32::MAX)
    }

    /// Counts a failure of a source. Stores nothing if one source may use every attempt.
    pub(super) fn count(&mut self, source: SourceTag, limits: Limits) {
        if limits.attempts_per_source >= limits.failed_attempts {
            return;
        }
        self.failed.push(source);
        let failures = self.failed.iter().filter(|&&failed| failed == source).count();
        if u32::try_from(failures).is_ok_and(|failures| failures >= limits.attempts_per_source) {
            self.failed.retain(|&failed| failed != source);
            self.exhausted.push(source);
        }
    }
}
