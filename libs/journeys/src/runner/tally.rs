//! How many journeys wait for their clients.
//!
//! # Why not asked of the store
//! Any replica may end a journey that another began, many are never ended but forgotten by the store
//! when their time is over, and to count keys costs a store more than to serve them. So each replica
//! counts for itself, by the second in which a journey's time is over: one more when it stores a
//! journey, one less when it ends one, whoever began it. A second that has passed falls away with all
//! that was counted in it. One replica's count alone means nothing, and may be below zero; the sum over
//! all replicas is the number of journeys that wait.
//!
//! What a replica has counted ends with it: for as long as a journey may wait, a sum after the start of
//! a replica lacks what the one before it knew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clock::Timestamp;

/// One replica's count. As many seconds are kept as a journey may wait.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<i64, i64>>);

impl Tally {
    /// A journey waits that did not before, until then at most.
    pub(super) fn began(&self, expires_at: Timestamp, now: Timestamp) {
        *self.seconds(now).entry(expires_at.unix_seconds()).or_default() += 1;
    }

    /// A journey that waited until then at most has ended.
    pub(super) fn ended(&self, expires_at: Timestamp, now: Timestamp) {
        *self.seconds(now).entry(expires_at.unix_seconds()).or_default() -= 1;
    }

    /// This replica's share of those that wait.
    pub(super) fn waiting(&self, now: Timestamp) -> i64 {
        self.seconds(now).range(now.unix_seconds()..).map(|(_, count)| count).sum()
    }

    /// The counts without the seconds that have passed. Each change is whole before the lock is let
    /// go, so a panic elsewhere leaves nothing half done.
    fn seconds(&self, now: Timestamp) -> MutexGuard<'_, BTreeMap<i64, i64>> {
        let mut seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = seconds.first_entry()
            && *first.key() < now.unix_seconds()
        {
            first.remove();
        }
        seconds
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::session::SESSION_LIFETIME;

    /// What happens, and at which replica.
    #[derive(Clone, Debug)]
    enum Event {
        Began(usize),
        Ended(usize, Index),
        Passed(i64),
    }

    const REPLICAS: usize = 3;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (0..REPLICAS).prop_map(Event::Began),
            2 => (0..REPLICAS, any::<Index>()).prop_map(|(at, which)| Event::Ended(at, which)),
            3 => (0_i64..90_000).prop_map(Event::Passed),
        ]
    }

    proptest! {
        #[test]
        fn whoever_begins_and_ends_journeys_the_sum_is_of_those_that_wait(
            events in vec(event(), 0..300),
        ) {
            let replicas: [Tally; REPLICAS] = Default::default();
            let mut waiting: Vec<Timestamp> = Vec::new();
            let mut now = 1_000_000_123;
            for event in events {
                let at = Timestamp::from_unix_millis(now);
                match event {
                    Event::Passed(milliseconds) => now += milliseconds,
                    Event::Began(replica) => {
                        waiting.push(at + SESSION_LIFETIME);
                        replicas[replica].began(at + SESSION_LIFETIME, at);
                    }
                    Event::Ended(replica, which) if !waiting.is_empty() => {
                        let ended = waiting.swap_remove(which.index(waiting.len()));
                        replicas[replica].ended(ended, at);
                    }
                    Event::Ended(..) => {}
                }
                let at = Timestamp::from_unix_millis(now);
                waiting.retain(|expires_at| expires_at.unix_seconds() >= at.unix_seconds());
                let sum: i64 = replicas.iter().map(|replica| replica.waiting(at)).sum();
                prop_assert_eq!(sum, i64::try_from(waiting.len()).expect("few"));
                for Tally(seconds) in &replicas {
                    prop_assert!(seconds.lock().expect("a lock").len() <= 601, "it grows");
                }
            }
        }
    }

    #[test]
    fn an_end_that_comes_too_late_counts_nothing() {
        let (tally, begun) = (Tally::default(), Timestamp::from_unix_millis(5_000));
        tally.began(begun + SESSION_LIFETIME, begun);
        let late = begun + SESSION_LIFETIME * 2;
        tally.ended(begun + SESSION_LIFETIME, late);
        assert_eq!(tally.waiting(late), 0);
    }
}
