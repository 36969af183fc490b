//! The use cases of pairing: give a journey a number, end its pairing, and tell an agent about it.

use std::time::Duration;

use clock::Timestamp;
use rand::CryptoRng;

use crate::audit::{Action, Context};
use crate::digest::Subject;
use crate::directory::Directory;
use crate::facts::Facts;
use crate::operations::{Caller, Entry, OperationError, Operations};
use crate::pairing::{Binding, Pairing, PairingNumber};
use crate::policy::{PairingRefusal, Policy};
use crate::record::{Pair, PairOutcome};
use crate::user::Identifier;

/// How long a pairing number is valid: as long as an agent's call may take.
pub const NUMBER_LIFE: Duration = Duration::from_secs(10 * 60);

/// A request to pair a journey.
#[derive(Clone, Debug)]
pub struct PairRequest {
    /// The user that the journey claims to be for.
    pub user: Identifier,
    /// The journey.
    pub binding: Binding,
    /// Facts about the journey.
    pub facts: Facts,
    /// When its session ends.
    pub session_ends_at: Timestamp,
}

/// The outcome of a request to pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paired {
    /// The journey has this number. Pairing again returns the same number while it is valid.
    Number {
        /// The number that the user reads to the agent.
        number: PairingNumber,
        /// The number is refused from this time on.
        expires_at: Timestamp,
    },
    /// The source has too many open pairings; the first of them ends after this time.
    TooMany(Duration),
    /// The policy has pairing switched off.
    Off,
}

/// The outcome of a request for the facts about a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// The journey that waits under the number.
    Journey {
        /// The facts about it.
        facts: Facts,
        /// The number is refused from this time on.
        expires_at: Timestamp,
        /// When the journey's session ends.
        session_ends_at: Timestamp,
    },
    /// No journey of the user waits under the number.
    NotFound,
    /// The directory does not know the user.
    UnknownUser,
    /// The policy has pairing switched off.
    Off,
}

/// Pairs journeys with agents.
#[derive(Clone)]
pub struct Pairer {
    operations: Operations,
}

impl Pairer {
    /// A pairer that uses these ports.
    pub const fn new(operations: Operations) -> Self {
        Self { operations }
    }

    /// Gives a journey a number by which an agent finds it. Unknown users get one too, so that the
    /// answer does not reveal who exists.
    ///
    /// # Errors
    /// The store, the directory or the audit trail fails.
    pub async fn pair(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        PairRequest { user, binding, facts, session_ends_at }: PairRequest,
    ) -> Result<Paired, OperationError> {
        if policy.admit_pairing(true) == Err(PairingRefusal::Off) {
            return Ok(Paired::Off);
        }
        let (_, subject) = self.operations.find_or_pretend(directory, caller, &user).await?;
        let Operations { peppers, randomness, store, .. } = &self.operations;
        let command = Pair {
            binding,
            numbers: PairingNumber::candidates(&mut *randomness() as &mut dyn CryptoRng),
            life: NUMBER_LIFE,
            session_ends_at,
            source: peppers.origin(&caller.client, facts.source),
            facts: peppers.facts().seal(&subject, binding, &facts),
        };
        let context = Context { source: facts.source, ..Context::default() };
        let entry = self.entry(caller, subject, &context);
        let now = self.operations.now();
        let outcome =
            self.operations.resolve(entry, store.pair(subject, now, command).await).await?;
        match outcome {
            PairOutcome::Paired { number, expires_at } => {
                self.operations.record(entry, [Action::Paired]).await?;
                Ok(Paired::Number { number, expires_at })
            }
            PairOutcome::TooMany { until } => Ok(Paired::TooMany(until.since(now))),
        }
    }

    /// Ends the pairing of a journey. Codes that were issued for it stay valid.
    ///
    /// # Errors
    /// The store, the directory or the audit trail fails.
    pub async fn withdraw(
        &self,
        caller: &Caller,
        directory: &dyn Directory,
        user: &Identifier,
        binding: Binding,
    ) -> Result<(), OperationError> {
        let (_, subject) = self.operations.find_or_pretend(directory, caller, user).await?;
        let context = Context::default();
        let entry = self.entry(caller, subject, &context);
        let outcome = self.operations.store.withdraw(subject, self.operations.now(), binding).await;
        self.operations.resolve(entry, outcome).await?;
        self.operations.record(entry, [Action::PairingWithdrawn]).await
    }

    /// Describes the journey that waits under a number.
    ///
    /// # Errors
    /// The store, the directory or the audit trail fails.
    pub async fn describe(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        user: &Identifier,
        number: PairingNumber,
    ) -> Result<Described, OperationError> {
        if policy.admit_pairing(true) == Err(PairingRefusal::Off) {
            return Ok(Described::Off);
        }
        let found = self.operations.find(directory, &caller.application, user).await?;
        let Some((_, subject)) = found else { return Ok(Described::UnknownUser) };
        let opened = self.open(subject, number).await?;
        self.operations.record_look(caller, subject, None, Action::PairingDescribed).await?;
        Ok(opened.map_or(Described::NotFound, |(facts, pairing)| Described::Journey {
            facts,
            expires_at: pairing.expires_at,
            session_ends_at: pairing.session_ends_at,
        }))
    }

    /// The facts of the journey that waits under a number, for the user's own notice; `None` if none waits.
    ///
    /// # Errors
    /// The store or the directory fails.
    pub async fn facts(
        &self,
        caller: &Caller,
        directory: &dyn Directory,
        user: &Identifier,
        number: PairingNumber,
    ) -> Result<Option<Facts>, OperationError> {
        let found = self.operations.find(directory, &caller.application, user).await?;
        let Some((_, subject)) = found else { return Ok(None) };
        Ok(self.open(subject, number).await?.map(|(facts, _)| facts))
    }

    /// The pairing under a number. Facts that this key cannot decrypt are treated as absent.
    async fn open(
        &self,
        subject: Subject,
        number: PairingNumber,
    ) -> Result<Option<(Facts, Pairing)>, OperationError> {
        let pairing = self.operations.store.pairing(subject, self.operations.now(), number).await?;
        let sealed = self.operations.peppers.facts();
        Ok(pairing.and_then(|pairing| {
            Some((sealed.open(&subject, pairing.binding, &pairing.facts)?, pairing))
        }))
    }

    /// The entry of one operation in the audit trail. A repeated call is an operation of its own.
    fn entry<'a>(&self, caller: &'a Caller, subject: Subject, context: &'a Context) -> Entry<'a> {
        let attempt = self.operations.random_attempt();
        Entry::new(caller, subject, attempt, context)
    }
}

#[cfg(test)]
mod tests;
