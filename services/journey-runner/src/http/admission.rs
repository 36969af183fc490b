//! Which messages of a crypto session may still be decrypted.
//!
//! AES-CBC authenticates nothing: an attacker who replays or changes a captured message learns a bit
//! of its text from each answer. So each initialisation vector is decrypted once, a session ends with
//! its third fault, and it carries at most [`MAX_MESSAGES`] messages.
//!
//! # Why a message counts as a fault first
//! A message counts as a fault when it is admitted, and no longer once it was accepted. If faults were
//! counted afterwards, many messages sent at once would all be decrypted before the third fault was
//! known. The SDK sends one message after the other, so this refuses none of its.
//!
//! # What is stored
//! One entry of the journey store for each session with a message: the faults, and the vectors in the
//! order in which they came. It ends with the session's key. Strangers can make entries, so one source
//! and all together may have so many ([`ENTRIES_PER_JOURNEY`]).

use std::net::IpAddr;
use std::sync::Arc;

use clock::{Clock, Timestamp};
use encryption::Iv;
use journeys::ids::SessionKey;
use journeys::ports::{Advance, JourneyStore, StoreFault, Stored};
use journeys::runner::{Capacity, RunError, Tally};

/// As many messages as a session may carry, which bounds what is stored of it.
const MAX_MESSAGES: usize = 64;

/// As many faults as end a session.
const MAX_FAULTS: u8 = 3;

/// How often a change is tried again that another message of the same session outran.
const TRIES: usize = 8;

/// How many entries may be stored for each journey that may wait. An entry of the few messages that a
/// journey takes has a tenth of a waiting journey's size, and stays up to an hour.
const ENTRIES_PER_JOURNEY: u32 = 10;

/// The messages of all crypto sessions.
#[derive(Clone)]
pub(crate) struct Admissions {
    store: Arc<dyn JourneyStore>,
    clock: Arc<dyn Clock>,
    tally: Arc<Tally>,
}

/// A message that may be decrypted.
pub(super) struct Admitted {
    key: SessionKey,
}

/// What is stored of a session.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// The messages that were admitted and not accepted.
    faults: u8,
    seen: Vec<Iv>,
}

impl Entry {
    fn parse(stored: &[u8]) -> Option<Self> {
        let (faults, seen) = stored.split_first()?;
        let (seen, []) = seen.as_chunks::<16>() else { return None };
        Some(Self { faults: *faults, seen: seen.to_vec() })
    }

    fn bytes(&self) -> Vec<u8> {
        [&[self.faults], self.seen.as_flattened()].concat()
    }

    /// Admits a message under that vector, unless the session has ended or had one under it before.
    fn admit(&mut self, iv: Iv) -> bool {
        let is_admitted =
            self.faults < MAX_FAULTS && self.seen.len() < MAX_MESSAGES && !self.seen.contains(&iv);
        if is_admitted {
            self.faults += 1;
            self.seen.push(iv);
        }
        is_admitted
    }
}

impl Admissions {
    /// Keeps them in that store, where so many journeys may wait.
    pub(crate) fn new(
        store: Arc<dyn JourneyStore>,
        clock: Arc<dyn Clock>,
        waiting: Capacity,
    ) -> Self {
        let tally = Arc::new(Tally::new(Capacity {
            of_source: waiting.of_source.saturating_mul(ENTRIES_PER_JOURNEY),
            in_all: waiting.in_all.saturating_mul(ENTRIES_PER_JOURNEY),
        }));
        Self { store, clock, tally }
    }

    /// Admits a message of that session; `None` if it is not to be decrypted. The session's key is
    /// accepted until `expires_at`.
    ///
    /// # Errors
    /// `Unavailable` if the store fails, `TooManyWait` if the source or all together have too many
    /// sessions.
    pub(super) async fn admit(
        &self,
        session: &str,
        iv: Iv,
        expires_at: Timestamp,
        source: Option<IpAddr>,
    ) -> Result<Option<Admitted>, RunError> {
        let key = SessionKey::of_crypto_session(session);
        for _ in 0..TRIES {
            let Some((version, mut entry)) = self.load(&key).await? else {
                match self.begin(&key, iv, expires_at, source).await {
                    Ok(()) => return Ok(Some(Admitted { key })),
                    // Another message of this session may have come first: then there is an entry.
                    Err(error) if self.load(&key).await?.is_none() => return Err(error),
                    Err(_) => continue,
                }
            };
            if !entry.admit(iv) {
                return Ok(None);
            }
            match self.store.advance(&key, version, entry.bytes(), None).await? {
                Advance::Advanced => return Ok(Some(Admitted { key })),
                Advance::Gone => return Ok(None),
                Advance::Outrun => {}
            }
        }
        Err(contended().into())
    }

    /// Stores the entry of a session's first message, if there is room for it.
    async fn begin(
        &self,
        key: &SessionKey,
        iv: Iv,
        expires_at: Timestamp,
        source: Option<IpAddr>,
    ) -> Result<(), RunError> {
        let now = self.clock.now();
        let begun = self.tally.begin(source, expires_at, now);
        begun.map_err(|(full, retry_after)| RunError::TooManyWait { full, retry_after })?;
        let first = Entry { faults: 1, seen: vec![iv] }.bytes();
        let stored = self.store.create(key, first, expires_at.since(now)).await;
        if stored.is_err() {
            self.tally.ended(source, expires_at, now);
        }
        Ok(stored?)
    }

    /// Counts an admitted message no longer as a fault.
    pub(super) async fn accept(&self, Admitted { key }: Admitted) -> Result<(), StoreFault> {
        for _ in 0..TRIES {
            let Some((version, mut entry)) = self.load(&key).await? else { return Ok(()) };
            entry.faults = entry.faults.saturating_sub(1);
            if self.store.advance(&key, version, entry.bytes(), None).await? != Advance::Outrun {
                return Ok(());
            }
        }
        Err(contended())
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(u64, Entry)>, StoreFault> {
        let Some(Stored { version, body }) = self.store.load(key).await? else { return Ok(None) };
        let entry = Entry::parse(&body);
        let entry =
            entry.ok_or_else(|| StoreFault("a crypto session cannot be read".to_owned()))?;
        Ok(Some((version, entry)))
    }
}

fn contended() -> StoreFault {
    StoreFault("a crypto session has too many messages at the same time".to_owned())
}

#[cfg(test)]
mod tests;
