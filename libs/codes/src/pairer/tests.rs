//! Tests of pairing, over the store in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clock::FakeClock;

use super::*;
use crate::audit::{Addresses, Audit, AuditError, Event};
use crate::directory::DirectoryError;
use crate::facts::BrowserFamily;
use crate::ids::{ApplicationId, ClientId};
use crate::memory::{MemoryClaimStore, MemoryCodeStore, MemoryGrantStore};
use crate::peppers::Peppers;
use crate::policy::{PairingRule, PolicySettings};
use crate::randomness;
use crate::user::{IdentifierType, UserId};

/// Keeps the actions that were recorded.
#[derive(Default)]
struct Trail(Mutex<Vec<Action>>);

#[async_trait]
impl Audit for Trail {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        self.0.lock().expect("no panic").push(event.action);
        Ok(())
    }
}

/// Knows every user but `eve`.
struct WithoutEve;

#[async_trait]
impl Directory for WithoutEve {
    async fn resolve(
        &self,
        _: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError> {
        let known = identifier.value() != "eve";
        Ok(known.then(|| UserId::from_identifier(identifier)))
    }
}

struct World {
    pairer: Pairer,
    trail: Arc<Trail>,
    clock: Arc<FakeClock>,
    policy: Policy,
    runner: Caller,
}

fn world(pairing: PairingRule) -> World {
    let key = |byte: u8| vec![byte; 32].into();
    let (clock, trail) = (Arc::new(FakeClock::default()), Arc::new(Trail::default()));
    let operations = Operations {
        store: Arc::new(MemoryCodeStore::new(clock.clone())),
        claims: Arc::new(MemoryClaimStore::new(clock.clone())),
        grants: Arc::new(MemoryGrantStore::new(clock.clone())),
        audit: trail.clone(),
        addresses: Addresses::Keyed,
        peppers: Arc::new(Peppers::new(key(1), key(2), None).expect("valid peppers")),
        clock: clock.clone(),
        randomness: randomness::system(),
    };
    let runner = Caller {
        application: ApplicationId::parse("acme").expect("valid"),
        client: ClientId::parse("journey-runner").expect("valid"),
        is_service: true,
        agent: None,
    };
    let settings = PolicySettings { pairing, ..PolicySettings::default() };
    let policy = Policy::new(settings).expect("valid");
    World { pairer: Pairer::new(operations), trail, clock, policy, runner }
}

fn user(name: &str) -> Identifier {
    Identifier::parse(IdentifierType::UserId, name).expect("valid")
}

impl World {
    fn facts(&self) -> Facts {
        let source = Some("192.0.2.7".parse().expect("an address"));
        Facts { opened_at: self.now(), source, browser: BrowserFamily::Firefox }
    }

    fn now(&self) -> Timestamp {
        self.pairer.operations.now()
    }

    async fn pair(&self, name: &str, journey: u8) -> Paired {
        let request = PairRequest {
            user: user(name),
            binding: Binding::from_bytes([journey; 16]),
            facts: self.facts(),
            session_ends_at: self.now() + 6 * NUMBER_LIFE,
        };
        let paired = self.pairer.pair(&self.runner, &self.policy, &WithoutEve, request).await;
        paired.expect("the store works")
    }

    async fn number(&self, name: &str, journey: u8) -> PairingNumber {
        match self.pair(name, journey).await {
            Paired::Number { number, expires_at } => {
                assert!(expires_at <= self.now() + NUMBER_LIFE);
                number
            }
            other => panic!("no number: {other:?}"),
        }
    }

    async fn describe(&self, name: &str, number: &PairingNumber) -> Described {
        let (user, number) = (user(name), number.clone());
        let described =
            self.pairer.describe(&self.runner, &self.policy, &WithoutEve, &user, number).await;
        described.expect("the store works")
    }
}

#[tokio::test]
async fn an_agent_finds_the_journey_by_its_number_until_it_is_withdrawn() {
    let world = world(PairingRule::Optional);
    let number = world.number("ada", 1).await;
    assert_eq!(world.number("ada", 1).await, number, "the same journey has the same number");
    let journey = Described::Journey {
        facts: world.facts(),
        expires_at: world.now() + NUMBER_LIFE,
        session_ends_at: world.now() + 6 * NUMBER_LIFE,
    };
    assert_eq!(world.describe("ada", &number).await, journey);
    assert_eq!(world.describe("bob", &number).await, Described::NotFound);
    assert_eq!(world.describe("eve", &number).await, Described::UnknownUser);

    let binding = Binding::from_bytes([1; 16]);
    world.pairer.withdraw(&world.runner, &WithoutEve, &user("ada"), binding).await.expect("works");
    assert_eq!(world.describe("ada", &number).await, Described::NotFound);
    let looked = Action::PairingDescribed;
    let expected =
        [Action::Paired, Action::Paired, looked, looked, Action::PairingWithdrawn, looked];
    assert_eq!(*world.trail.0.lock().expect("no panic"), expected);
}

#[tokio::test]
async fn a_number_ends_after_ten_minutes_and_the_journey_gets_another() {
    let world = world(PairingRule::Required);
    let number = world.number("ada", 1).await;
    world.clock.advance(NUMBER_LIFE);
    assert_eq!(world.describe("ada", &number).await, Described::NotFound);
    let next = world.number("ada", 1).await;
    assert!(matches!(world.describe("ada", &next).await, Described::Journey { .. }));
}

#[tokio::test]
async fn an_unknown_user_is_paired_like_any_other() {
    let world = world(PairingRule::Optional);
    for journey in 1..=5 {
        for name in ["ada", "eve"] {
            world.number(name, journey).await;
        }
    }
    // The caps are the same too.
    for name in ["ada", "eve"] {
        assert_eq!(world.pair(name, 6).await, Paired::TooMany(NUMBER_LIFE), "{name}");
    }
}

#[tokio::test]
async fn a_policy_without_pairing_pairs_nothing() {
    let world = world(PairingRule::Off);
    assert_eq!(world.pair("ada", 1).await, Paired::Off);
    let number = PairingNumber::parse("123456").expect("a number");
    assert_eq!(world.describe("ada", &number).await, Described::Off);
    assert!(world.trail.0.lock().expect("no panic").is_empty());
}
