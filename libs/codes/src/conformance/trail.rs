//! The audit trail of a world.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::audit::{Audit, AuditError, Event};

/// An audit trail in memory.
#[derive(Default)]
pub struct Trail(Mutex<Vec<Event>>);

#[async_trait]
impl Audit for Trail {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        Ok(())
    }
}

impl Trail {
    /// The actions so far, in order, each of an attempt once.
    pub fn actions(&self) -> Vec<&'static str> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let once =
            events.iter().filter(|event| seen.insert((event.attempt, event.action.as_str())));
        once.map(|event| event.action.as_str()).collect()
    }

    /// How many events a retry wrote again.
    pub fn replays(&self) -> usize {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event.replayed).count()
    }
}
