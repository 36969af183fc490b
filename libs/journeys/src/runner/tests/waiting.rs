//! How many journeys wait.

use std::sync::Arc;
use std::time::Duration;

use codes::digest::Fingerprint;
use codes::record::DenialReason;
use definitions::Journey;
use futures_util::future::join_all;
use serde_json::json;

use super::fakes::{World, input, rejected};
use super::filled_in;
use super::journeys::{FORM, GUIDE};
use crate::ports::VerifyFault;
use crate::runner::{Answer, Full, RunError, Start};
use crate::session::SESSION_LIFETIME;

#[tokio::test]
async fn a_journey_counts_from_its_first_wait_to_its_end() {
    let world = World::new(FORM);
    world.verifier.will([rejected(DenialReason::WrongCode), Err(VerifyFault::Unavailable)]);
    assert_eq!(world.runner.waiting(), 0);
    let first = input(world.start(json!({})).await);
    input(world.start(json!({})).await);
    assert_eq!(world.runner.waiting(), 2);
    let again = input(world.submit(&first, filled_in("1")).await);
    assert_eq!(world.runner.waiting(), 2, "it waits again");
    let failed = world.submit(&again, filled_in("123456")).await;
    assert!(matches!(failed, Err(RunError::Unavailable(_))));
    assert_eq!(world.runner.waiting(), 2, "its challenge was given back");
    assert!(world.submit(&again, filled_in("123456")).await.is_ok());
    assert_eq!(world.runner.waiting(), 1);
    assert!(world.submit(&again, filled_in("123456")).await.is_err());
    assert_eq!(world.runner.waiting(), 1, "it ended before");
    world.clock.advance(SESSION_LIFETIME + Duration::from_secs(1));
    assert_eq!(world.runner.waiting(), 0, "the other one was left");
}

#[tokio::test]
async fn a_journey_that_never_waits_does_not_count() {
    let world = World::new(GUIDE);
    let params = json!({"external_user_id": "ada", "temp_code": "123456"});
    world.start(params).await.expect("an answer");
    assert_eq!(world.runner.waiting(), 0);
}

#[tokio::test]
async fn however_many_find_their_journey_changed_it_ends_once() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    input(world.start(json!({})).await);
    let changed = Journey::parse("j", &format!("{FORM}# changed\n")).map(Arc::new).expect("fine");
    let all = (0..10).map(|_| {
        let submission = World::submission(&first, filled_in("123456"));
        world.runner.submit(world.terms(), |_: &_| Some(Arc::clone(&changed)), submission)
    });
    for answer in join_all(all).await {
        let error = answer.expect_err("it has changed");
        assert!(matches!(error, RunError::JourneyChanged | RunError::SessionNotFound), "{error:?}");
    }
    assert_eq!(world.runner.waiting(), 1);
}

#[tokio::test]
async fn two_sessions_of_one_start_have_tokens_of_their_own() {
    let world = World::new(FORM);
    let name = Some(Fingerprint::from_bytes([7; 16]));
    for _ in 0..2 {
        let started = world.start_as(name, World::start_request(json!({}))).await;
        let waiting = input(started);
        world.submit(&waiting, filled_in("123456")).await.expect("it completes");
    }
    let runs = world.minter.runs();
    assert_eq!(runs.len(), 2);
    assert_ne!(runs[0], runs[1], "two subjects would share a token id");
}

async fn start_from(world: &World, source: &str) -> Result<Answer, RunError> {
    let source = Some(source.parse().expect("an address"));
    let start = Start { source, ..World::start_request(json!({})) };
    world.start_as(None, start).await
}

fn is_full(answer: &Result<Answer, RunError>, of: Full) -> bool {
    matches!(answer, Err(RunError::TooManyWait { full, retry_after })
        if *full == of && !retry_after.is_zero())
}

#[tokio::test]
async fn a_source_beyond_its_limit_is_refused_before_anything_is_verified_or_stored() {
    let world = World::new(FORM);
    let first = input(start_from(&world, "192.0.2.1").await);
    input(start_from(&world, "192.0.2.1").await);
    let writes = world.store.writes();
    assert!(is_full(&start_from(&world, "192.0.2.1").await, Full::Source));
    assert_eq!((world.store.writes(), world.verifier.attempts().len()), (writes, 0));
    input(start_from(&world, "192.0.2.2").await);
    // One ends, and one more may begin.
    assert!(matches!(world.submit(&first, filled_in("123456")).await, Ok(Answer::Completed(_))));
    input(start_from(&world, "192.0.2.1").await);
    assert!(is_full(&start_from(&world, "192.0.2.1").await, Full::Source));
    world.clock.advance(SESSION_LIFETIME + Duration::from_secs(1));
    input(start_from(&world, "192.0.2.1").await);
}

#[tokio::test]
async fn all_together_have_a_limit_that_holds_for_trusted_callers_too() {
    let world = World::new(FORM);
    for last in 0..5 {
        input(start_from(&world, &format!("192.0.2.{last}")).await);
    }
    assert!(is_full(&start_from(&world, "192.0.2.9").await, Full::All));
    assert!(is_full(&world.start(json!({})).await, Full::All));
}

#[tokio::test]
async fn a_journey_that_never_waits_goes_on_while_all_places_are_taken() {
    let world = World::new(GUIDE);
    for _ in 0..20 {
        let params = json!({"external_user_id": "ada", "temp_code": "123456"});
        let answer = world.start(params).await;
        assert!(matches!(answer, Ok(Answer::Completed(_))));
    }
}
