//! Journeys of a world, and the addresses from which requests come.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clock::Clock as _;
use rand::CryptoRng;

use super::{World, granted, request};
use crate::issuer::{IssueRequest, IssuedCode};
use crate::pairing::{Binding, Pairing, PairingNumber};
use crate::randomness;
use crate::record::{Pair, PairOutcome};
use crate::user::Identifier;

/// From where a request comes: a journey that may have paired, at an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The journey, if it has paired.
    pub binding: Option<Binding>,
    /// The address.
    pub source: Option<IpAddr>,
}

impl Place {
    /// The same journey at the address of that number.
    #[must_use]
    pub fn at(self, number: u32) -> Self {
        Self { source: Some(Ipv4Addr::from_bits(number).into()), ..self }
    }
}

impl World {
    /// A journey that no other test knows.
    pub fn journey(&self) -> Place {
        let binding = Binding::from_bytes(randomness::bytes(&self.operations.randomness));
        Place { binding: Some(binding), source: None }
    }

    /// Asks for a pairing number, for ten minutes of a journey's hour.
    pub async fn pair(&self, user: &Identifier, journey: Place) -> PairOutcome {
        let numbers =
            PairingNumber::candidates(&mut *(self.operations.randomness)() as &mut dyn CryptoRng);
        self.pair_under(user, journey, numbers).await
    }

    /// Asks for one of these numbers.
    pub async fn pair_under(
        &self,
        user: &Identifier,
        journey: Place,
        numbers: Vec<PairingNumber>,
    ) -> PairOutcome {
        let now = self.bench.clock.now();
        let command = Pair {
            binding: journey.binding.expect("only a journey pairs"),
            numbers,
            life: Duration::from_secs(600),
            session_ends_at: now + Duration::from_secs(3600),
            source: self.operations.peppers.origin(&self.caller.client, journey.source),
            facts: b"facts".to_vec(),
        };
        let paired = self.bench.store.pair(self.subject(user).await, now, command).await;
        paired.expect("the store answers")
    }

    /// Pairs a journey that must get a number.
    pub async fn number(&self, user: &Identifier, journey: Place) -> PairingNumber {
        match self.pair(user, journey).await {
            PairOutcome::Paired { number, .. } => number,
            refused @ PairOutcome::TooMany { .. } => panic!("no number: {refused:?}"),
        }
    }

    /// Ends a journey's pairing.
    pub async fn withdraw(&self, user: &Identifier, journey: Place) {
        let binding = journey.binding.expect("only a journey pairs");
        let now = self.bench.clock.now();
        let withdrawn = self.bench.store.withdraw(self.subject(user).await, now, binding).await;
        withdrawn.expect("the store answers");
    }

    /// The journey that waits under a number.
    pub async fn pairing(&self, user: &Identifier, number: &PairingNumber) -> Option<Pairing> {
        let now = self.bench.clock.now();
        let found = self.bench.store.pairing(self.subject(user).await, now, number.clone()).await;
        found.expect("the store answers")
    }

    /// Pairs a journey and issues a code for it, which must be granted.
    pub async fn issue_paired(&self, user: &Identifier, journey: Place) -> IssuedCode {
        granted(self.ask(paired(user, self.number(user, journey).await)).await)
    }
}

/// A request for a code for the journey under that number.
pub fn paired(user: &Identifier, number: PairingNumber) -> IssueRequest {
    IssueRequest { pairing: Some(number), ..request(user) }
}
