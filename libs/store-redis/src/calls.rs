//! IDs of calls. A client may send one call several times if a reply is lost. By its ID, a script
//! recognises the call, applies it once and replies the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use codes::randomness;

/// Gives each call an ID that is unique over all processes.
///
/// It counts up from a random 64-bit number: IDs never repeat in a process, and two processes give
/// the same ID to one attempt only with negligible probability.
pub(crate) struct Calls(AtomicU64);

impl Default for Calls {
    fn default() -> Self {
        let first = u64::from_be_bytes(randomness::bytes(&randomness::system()));
        Self(AtomicU64::new(first))
    }
}

impl Calls {
    /// The next ID.
    pub(crate) fn next(&self) -> [u8; 8] {
        self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()
    }
}
