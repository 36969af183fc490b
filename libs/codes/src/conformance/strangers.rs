//! I27: strangers act before, during and after a recovery in a paired journey, and its owner sees
//! the same as without them.
//!
//! Each story runs twice: with the strangers and without them. The strangers know the user, the
//! codes, every address and the idempotency keys that the owner has used; they lack the journey's
//! binding. From the owner's own address they open fewer pairings than the limit allows, since
//! limits on journeys protect that.

use clock::Timestamp;
use proptest::prelude::*;

use super::{Bench, Place, World, granted, paired, wrong};
use crate::issuer::{Issuance, IssueRequest, IssuedCode};
use crate::pairing::PairingNumber;
use crate::policy::{Policy, PolicySettings};
use crate::record::{Denial, Lockout, PAIRINGS_PER_SOURCE, PairOutcome};
use crate::user::Identifier;
use crate::verifier::Verification;

/// One event.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A step of the recovery.
    Owner(Deed),
    /// An attack.
    Stranger(Attack),
    /// Time passes, in seconds.
    Wait(u64),
    /// Another primary takes over.
    Promote,
}

/// What the owner of the journey does, or the agent for the owner.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// The journey asks for a number.
    Pair,
    /// The agent issues a code with the latest number, with or without an override.
    Issue(bool),
    /// The owner enters the latest code.
    Right,
    /// The owner enters a wrong code.
    Wrong,
    /// The owner's last guess is sent again.
    Retry,
    /// The agent clears the lockout.
    Clear,
}

/// What a stranger does from one of a few addresses, the first of which is the owner's.
#[derive(Clone, Copy, Debug)]
pub enum Attack {
    /// Enters a code.
    Guess {
        /// Whether it is the owner's code.
        is_right: bool,
        /// Whether the guess comes from a journey that has paired.
        has_paired: bool,
        /// The address.
        source: u32,
    },
    /// Pairs another journey.
    Pair {
        /// The address.
        source: u32,
    },
    /// Ends the pairing of another journey.
    Withdraw,
}

/// A story: an unpaired code is issued for strangers to attack, then the events follow.
pub fn story() -> impl Strategy<Value = Vec<Event>> {
    let pause = prop_oneof![1..10_u64, 280..310_u64, 590..610_u64, 890..910_u64];
    let deed = prop_oneof![
        2 => Just(Deed::Pair),
        3 => any::<bool>().prop_map(Deed::Issue),
        2 => Just(Deed::Right),
        2 => Just(Deed::Wrong),
        1 => Just(Deed::Retry),
        1 => Just(Deed::Clear),
    ];
    let attack = prop_oneof![
        6 => (any::<bool>(), any::<bool>(), 0..4_u32).prop_map(|(is_right, has_paired, source)| {
            Attack::Guess { is_right, has_paired, source }
        }),
        2 => (0..4_u32).prop_map(|source| Attack::Pair { source }),
        1 => Just(Attack::Withdraw),
    ];
    let event = prop_oneof![
        5 => deed.prop_map(Event::Owner),
        6 => attack.prop_map(Event::Stranger),
        1 => pause.prop_map(Event::Wait),
        1 => Just(Event::Promote),
    ];
    prop::collection::vec(event, 1..60)
}

/// What the owner or the agent sees, except codes, IDs and numbers, which are random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The number's expiry, and whether it is another number than before.
    Number(Timestamp, bool),
    /// The journey gets no number.
    NoNumber,
    /// The code's expiry, its attempts, and whether it is paired.
    Issued(Timestamp, u32, bool),
    /// Nothing is issued; the outcome as text.
    Refused(String),
    /// The code is accepted.
    Accepted(Timestamp),
    /// The guess is denied.
    Denied(Denial),
    /// The idempotency key conflicts.
    Conflict,
    /// The counters of paired codes, as the agent sees them.
    Lockout(Lockout),
}

/// Runs a story with or without its strangers. Returns what the owner and the agent see.
pub async fn views(bench: Bench, story: &[Event], has_strangers: bool) -> Vec<View> {
    let settings = PolicySettings { issues_per_hour: 1000, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let mut recovery = Recovery::begun(&world).await;
    let mut views = Vec::new();
    for (step, event) in story.iter().enumerate() {
        let key = format!("step-{step}");
        match *event {
            Event::Wait(seconds) => world.wait(seconds),
            Event::Promote => (world.bench.promote)(),
            Event::Owner(deed) => views.extend(recovery.does(&world, deed, &key).await),
            Event::Stranger(attack) if has_strangers => {
                recovery.suffers(&world, attack, &key).await;
            }
            Event::Stranger(_) => {}
        }
    }
    views
}

struct Recovery {
    user: Identifier,
    journey: Place,
    number: Option<PairingNumber>,
    code: IssuedCode,
    is_paired: bool,
    guess: Option<(String, String)>,
    /// The journeys of strangers.
    others: Vec<Place>,
}

impl Recovery {
    async fn begun(world: &World) -> Self {
        let user = world.stranger();
        let code = world.issue(&user).await;
        let journey = world.journey().at(0);
        let (number, guess) = (None, None);
        Self { user, journey, number, code, is_paired: false, guess, others: Vec::new() }
    }

    async fn does(&mut self, world: &World, deed: Deed, key: &str) -> Option<View> {
        match deed {
            Deed::Pair => Some(match world.pair(&self.user, self.journey).await {
                PairOutcome::Paired { number, expires_at } => {
                    let is_new = self.number.replace(number) != self.number;
                    View::Number(expires_at, is_new)
                }
                PairOutcome::TooMany { .. } => View::NoNumber,
            }),
            Deed::Issue(override_lockout) => {
                let number = self.number.clone()?;
                let request = IssueRequest { override_lockout, ..paired(&self.user, number) };
                let issuance = world.ask(request).await;
                let Issuance::Issued(_) = issuance else {
                    return Some(View::Refused(format!("{issuance:?}")));
                };
                self.code = granted(issuance);
                self.is_paired = true;
                let IssuedCode { expires_at, attempts_allowed, paired, .. } = self.code;
                Some(View::Issued(expires_at, attempts_allowed, paired))
            }
            // Strangers may use up the unpaired code before there is a paired one.
            Deed::Right | Deed::Wrong | Deed::Retry if !self.is_paired => None,
            Deed::Right | Deed::Wrong => {
                let right = self.code.code.expose().to_owned();
                let guess = if matches!(deed, Deed::Right) { right } else { wrong(&self.code) };
                self.guess = Some((guess.clone(), key.to_owned()));
                Some(self.sees(world, &guess, key).await)
            }
            Deed::Retry => {
                let (guess, key) = self.guess.clone()?;
                Some(self.sees(world, &guess, &key).await)
            }
            Deed::Clear => {
                world.clear(&self.user).await;
                Some(View::Lockout(world.describe(&self.user).await.paired_lockout))
            }
        }
    }

    async fn sees(&self, world: &World, guess: &str, key: &str) -> View {
        let verified = world.try_verify_from(self.journey, &self.user, guess, Some(key)).await;
        match verified.expect("the store answers") {
            Verification::Accepted { at, .. } => View::Accepted(at),
            Verification::Denied(denial) => View::Denied(denial),
            Verification::Conflict => View::Conflict,
        }
    }

    async fn suffers(&mut self, world: &World, attack: Attack, key: &str) {
        let key = format!("{key}-stranger");
        match attack {
            Attack::Guess { is_right, has_paired, source } => {
                // A stranger who knows the unpaired code may redeem it; only the paired code is
                // protected.
                let is_right = is_right && self.is_paired;
                let right = self.code.code.expose().to_owned();
                let guess = if is_right { right } else { wrong(&self.code) };
                let place = if has_paired { world.journey() } else { Place::default() };
                let place = place.at(source);
                let verified = world.try_verify_from(place, &self.user, &guess, Some(&key)).await;
                let verified = verified.expect("the store answers");
                assert!(!matches!(verified, Verification::Accepted { .. }), "I27");
            }
            Attack::Pair { source } => {
                let place = world.journey().at(source);
                let is_shared = |other: &&Place| other.source == self.journey.source;
                let shared = self.others.iter().filter(is_shared).count();
                if place.source != self.journey.source || shared + 1 < PAIRINGS_PER_SOURCE {
                    world.pair(&self.user, place).await;
                    self.others.push(place);
                }
            }
            Attack::Withdraw => {
                if let Some(other) = self.others.pop() {
                    world.withdraw(&self.user, other).await;
                }
            }
        }
    }
}
