//! The bookkeeping of a client's bytes: how many there are and, of HTTP/1.1, when the present head
//! began.
//!
//! # Why our own
//! hyper has one limit for a head that crawls and for the silence before it. A head must be there
//! soon; a proxy keeps a connection longer than that, and may send its next request over it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// No byte of the next head is there.
const NO_HEAD: u64 = 0;
/// A request is being answered: further bytes are its body.
const REQUEST: u64 = u64::MAX;

/// The bytes of one client.
#[derive(Debug)]
pub(super) struct Received {
    born: Instant,
    bytes: AtomicUsize,
    /// Milliseconds after birth when a head began; or one of the above.
    head: AtomicU64,
}

impl Default for Received {
    fn default() -> Self {
        Self { born: Instant::now(), bytes: AtomicUsize::new(0), head: AtomicU64::new(NO_HEAD) }
    }
}

impl Received {
    /// Bytes are there.
    pub(super) fn note(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let age = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(REQUEST - 1);
        let began = age.max(NO_HEAD + 1);
        // Stays as it is where a head is on its way already, or was read to its end.
        let _ = self.head.compare_exchange(NO_HEAD, began, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A head was read to its end.
    pub(super) fn request(&self) {
        self.head.store(REQUEST, Ordering::Relaxed);
    }

    /// Its request was answered: the next byte begins another.
    pub(super) fn answered(&self) {
        self.head.store(NO_HEAD, Ordering::Relaxed);
    }

    /// All bytes so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// When the head began that is on its way.
    pub(super) fn head(&self) -> Option<Instant> {
        match self.head.load(Ordering::Relaxed) {
            NO_HEAD | REQUEST => None,
            began => Some(self.born + Duration::from_millis(began)),
        }
    }
}
