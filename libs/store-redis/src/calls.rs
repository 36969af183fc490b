//! Names for calls. One call may reach Redis more than once: a client sends it again where a reply is
//! lost. Under its name a script knows it, has its effect once and answers the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use codes::randomness;

/// Gives each call a name that no other call of any process has.
pub(crate) struct Calls {
    /// What tells this process from others.
    process: u64,
    count: AtomicU64,
}

impl Default for Calls {
    fn default() -> Self {
        let process = u64::from_be_bytes(randomness::bytes(&randomness::system()));
        Self { process, count: AtomicU64::new(0) }
    }
}

impl Calls {
    /// The next name.
    pub(crate) fn next(&self) -> String {
        format!("{:016x}-{:x}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }
}
