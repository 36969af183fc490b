//! Pairing numbers: how long they live, and how many there are.

use std::collections::HashSet;
use std::time::Duration;

use clock::Clock as _;
use futures_util::stream::{self, StreamExt as _};

use super::{Bench, World, accepted, granted, paired};
use crate::issuer::{Issuance, IssueRequest};
use crate::pairing::PairingNumber;
use crate::record::{Description, PAIRINGS_PER_SOURCE, PairOutcome};

/// The number changes, the binding stays. One number may have several codes.
pub async fn a_number_stays_while_it_lives_and_is_then_another(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let first = world.number(&user, journey).await;
    world.wait(599);
    let again = world.pair(&user, journey.at(7)).await;
    let expires_at = world.bench.clock.now() + Duration::from_secs(1);
    assert_eq!(again, PairOutcome::Paired { number: first.clone(), expires_at });
    let binding = world.pairing(&user, &first).await.map(|found| found.binding);
    assert_eq!(binding, journey.binding);
    let facts = world.pairing(&user, &first).await.map(|found| found.facts);
    assert_eq!(facts.as_deref(), Some(&b"facts"[..]));

    for _ in 0..2 {
        granted(world.ask(paired(&user, first.clone())).await);
    }
    world.wait(1);
    assert_eq!(world.pairing(&user, &first).await, None);
    let before = world.describe(&user).await;
    let late = world.ask(paired(&user, first.clone())).await;
    assert!(matches!(late, Issuance::PairingNotFound), "{late:?}");
    assert_eq!(world.describe(&user).await, before, "nothing is issued");
    let second = granted(world.ask(paired(&user, world.number(&user, journey).await)).await);
    assert!(accepted(&world.verify_from(journey, &user, second.code.expose()).await));
}

/// A number leads to a journey of its user alone.
pub async fn a_withdrawn_or_foreign_number_is_not_found(bench: Bench) {
    let world = World::new(bench);
    let [ada, bob] = [world.stranger(), world.stranger()];
    let [of_ada, of_bob] = [world.journey(), world.journey()];
    let number = world.number(&ada, of_ada).await;
    world.number(&bob, of_bob).await;
    world.withdraw(&bob, of_ada).await;
    assert!(matches!(world.ask(paired(&bob, number.clone())).await, Issuance::PairingNotFound));
    assert!(world.pairing(&ada, &number).await.is_some());
    for _ in 0..2 {
        world.withdraw(&ada, of_ada).await;
        assert_eq!(world.pairing(&ada, &number).await, None);
    }
    assert!(matches!(world.ask(paired(&ada, number)).await, Issuance::PairingNotFound));
    let code = world.issue_paired(&ada, of_ada).await;
    assert!(accepted(&world.verify_from(of_ada, &ada, code.code.expose()).await));
}

/// Another source, and another user, are not affected.
pub async fn five_pairings_of_a_source_are_open_at_most(bench: Bench) {
    let world = World::new(bench);
    let [user, other] = [world.stranger(), world.stranger()];
    let journeys: Vec<_> = (0..=PAIRINGS_PER_SOURCE).map(|_| world.journey().at(1)).collect();
    let (last, others) = journeys.split_last().expect("there are some");
    let first_end = world.bench.clock.now() + Duration::from_secs(600);
    for journey in others {
        world.number(&user, *journey).await;
        world.wait(10);
    }
    let refused = world.pair(&user, *last).await;
    assert_eq!(refused, PairOutcome::TooMany { until: first_end });
    world.number(&user, others[0]).await;
    world.number(&user, world.journey().at(2)).await;
    world.number(&other, world.journey().at(1)).await;

    world.withdraw(&user, others[3]).await;
    world.number(&user, *last).await;
    let refused = world.pair(&user, world.journey().at(1)).await;
    assert_eq!(refused, PairOutcome::TooMany { until: first_end });
    world.wait(550);
    world.number(&user, world.journey().at(1)).await;
}

/// The candidates are tried in their order.
pub async fn a_number_that_is_taken_is_passed_over(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let number = |text| PairingNumber::parse(text).expect("a number");
    let candidates = || vec![number("123456"), number("12345678")];
    let expires_at = world.bench.clock.now() + Duration::from_secs(600);
    for source in 0..2_u32 {
        let journey = world.journey().at(source);
        let got = world.pair_under(&user, journey, candidates()).await;
        let number = candidates().swap_remove(usize::from(source == 1));
        assert_eq!(got, PairOutcome::Paired { number, expires_at });
    }
    let refused = world.pair_under(&user, world.journey().at(2), candidates()).await;
    assert_eq!(refused, PairOutcome::TooMany { until: expires_at });
    world.wait(600);
    let anew = world.pair_under(&user, world.journey().at(2), candidates()).await;
    let expires_at = expires_at + Duration::from_secs(600);
    assert_eq!(anew, PairOutcome::Paired { number: number("123456"), expires_at });
}

/// A longer life is refused with the limit, never clamped.
pub async fn no_code_outlives_the_session_of_its_journey(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let number = world.number(&user, journey).await;
    world.wait(60);
    let ask = |seconds| IssueRequest {
        expires_in: Some(Duration::from_secs(seconds)),
        ..paired(&user, number.clone())
    };
    let refused = world.ask(ask(3541)).await;
    let Issuance::ExpirationRefused(limits) = refused else { panic!("{refused:?}") };
    assert_eq!(limits.max, Duration::from_secs(3540));
    assert_eq!(world.describe(&user).await, Description::default(), "nothing is issued");
    granted(world.ask(ask(3540)).await);
}

/// T-N3.
pub async fn ten_thousand_open_pairings_do_not_disturb_one_more(bench: Bench) {
    const OPEN: u32 = 10_000;
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    let code = world.issue_paired(&user, journey).await;
    let pairings = (0..OPEN).map(|at| {
        let place = world.journey().at(at / 5);
        let (world, user) = (&world, &user);
        async move { world.number(user, place).await }
    });
    let numbers: HashSet<_> = stream::iter(pairings).buffer_unordered(100).collect().await;
    assert_eq!(numbers.len(), OPEN as usize, "every open pairing has a number of its own");
    let again = world.number(&user, journey).await;
    assert!(!numbers.contains(&again));
    assert!(
        world
            .pairing(&user, &again)
            .await
            .is_some_and(|found| Some(found.binding) == journey.binding)
    );
    assert!(accepted(&world.verify_from(journey, &user, code.code.expose()).await));
    let other = world.journey().at(OPEN);
    let anew = world.issue_paired(&user, other).await;
    assert!(accepted(&world.verify_from(other, &user, anew.code.expose()).await));
}

/// I18: the code's trace ends in its time.
pub async fn an_open_pairing_keeps_nothing_else(bench: Bench) {
    let world = World::new(bench);
    let (user, journey) = (world.stranger(), world.journey());
    world.issue(&user).await;
    world.wait(3600);
    let number = world.number(&user, journey).await;
    world.wait(299);
    assert!(world.describe(&user).await.code.is_some());
    world.wait(1);
    assert_eq!(world.describe(&user).await, Description::default());
    assert!(world.pairing(&user, &number).await.is_some());
}
