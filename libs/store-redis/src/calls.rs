//! Names for calls. One call may reach Redis more than once: a client sends it again where a reply is
//! lost. Under its name a script knows it, has its effect once and answers the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use codes::randomness;

/// Gives each call a name that no other call of any process has.
///
/// It counts on from a number that was drawn at random: in a process no name comes twice, and one that
/// another process gave to the same attempt is as unlikely as a number of 64 bits that is guessed.
pub(crate) struct Calls(AtomicU64);

impl Default for Calls {
    fn default() -> Self {
        let first = u64::from_be_bytes(randomness::bytes(&randomness::system()));
        Self(AtomicU64::new(first))
    }
}

impl Calls {
    /// The next name.
    pub(crate) fn next(&self) -> [u8; 8] {
        self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }
}
