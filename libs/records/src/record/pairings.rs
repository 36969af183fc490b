//! Pair: a user's journeys that wait for a code. Each has a number, which the user reads to an
//! agent.

use std::time::Duration;

use clock::Timestamp;

use super::Record;
use crate::digest::Source;
use crate::pairing::{Binding, ForJourney, Journey, Pairing, PairingNumber};

/// How many pairings of one user may be open from one source.
pub const PAIRINGS_PER_SOURCE: usize = 5;

/// The journey to pair.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The journey.
    pub binding: Binding,
    /// The numbers to try, in this order.
    pub numbers: Vec<PairingNumber>,
    /// How long the number is valid.
    pub life: Duration,
    /// When the journey ends.
    pub session_ends_at: Timestamp,
    /// The address that the journey runs from.
    pub source: Source,
    /// What the agent can ask the caller about, encrypted.
    pub facts: Vec<u8>,
}

/// The outcome of pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairOutcome {
    /// The journey has a number. While a number is valid, pairing again returns the same one.
    Paired {
        /// The number.
        number: PairingNumber,
        /// The number is refused from this time on.
        expires_at: Timestamp,
    },
    /// The source has too many open pairings, or every candidate number is taken.
    TooMany {
        /// When the first of them expires.
        until: Timestamp,
    },
}

/// An open pairing and its source.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) pairing: Pairing,
    number: PairingNumber,
    source: Source,
}

impl Record {
    /// Pairs a journey.
    pub fn pair(mut self, command: Pair, now: Timestamp) -> (Self, PairOutcome) {
        self.pairings.retain(|open| now < open.pairing.expires_at);
        let Pair { binding, numbers, life, session_ends_at, source, facts } = command;
        if let Some(Open { pairing, number, .. }) =
            self.pairings.iter().find(|open| open.pairing.binding == binding)
        {
            let (number, expires_at) = (number.clone(), pairing.expires_at);
            return (self, PairOutcome::Paired { number, expires_at });
        }
        let is_of_source = |open: &&Open| open.source == source;
        if self.pairings.iter().filter(is_of_source).count() >= PAIRINGS_PER_SOURCE {
            let until = first_end(self.pairings.iter().filter(is_of_source), now);
            return (self, PairOutcome::TooMany { until });
        }
        let is_taken =
            |number: &PairingNumber| self.pairings.iter().any(|open| open.number == *number);
        let Some(number) = numbers.iter().find(|number| !is_taken(number)).cloned() else {
            let taken = self.pairings.iter().filter(|open| numbers.contains(&open.number));
            let until = first_end(taken, now);
            return (self, PairOutcome::TooMany { until });
        };
        let expires_at = now + life;
        let pairing = Pairing { binding, expires_at, session_ends_at, facts };
        self.pairings.push(Open { pairing, number: number.clone(), source });
        (self, PairOutcome::Paired { number, expires_at })
    }

    /// Ends the pairing of a journey.
    #[must_use]
    pub fn withdraw(mut self, binding: Binding) -> Self {
        self.pairings.retain(|open| open.pairing.binding != binding);
        self
    }

    /// The journey that waits under a number.
    pub fn pairing(&self, number: &PairingNumber, now: Timestamp) -> Option<&Pairing> {
        let mut open = self.pairings.iter().filter(|open| now < open.pairing.expires_at);
        open.find(|open| open.number == *number).map(|open| &open.pairing)
    }

    /// The journey that an issue names.
    pub(super) fn journey(&self, pairing: &ForJourney, now: Timestamp) -> Option<Journey> {
        match pairing {
            ForJourney::Known(journey) => Some(*journey),
            ForJourney::Number(number) => self.pairing(number, now).map(|pairing| Journey {
                binding: pairing.binding,
                session_ends_at: pairing.session_ends_at,
            }),
        }
    }
}

fn first_end<'a>(open: impl Iterator<Item = &'a Open>, now: Timestamp) -> Timestamp {
    open.map(|open| open.pairing.expires_at).min().unwrap_or(now)
}
