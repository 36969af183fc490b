//! Paired journeys: the numbers that they show, the bindings of their verifications, and their end.

use std::time::Duration;

use clock::Clock as _;
use codes::facts::BrowserFamily;
use codes::record::DenialReason;
use definitions::Part;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fakes::{self, World, input, number_of, rejected};
use super::journeys::{FORM, RECOVERY};
use crate::ports::VerifyFault;
use crate::runner::{Answer, DependencyError, InputRequired, RunError, Start, Submission};
use crate::session::{PAIRED_LIFETIME, SESSION_LIFETIME};
use crate::verdict::{Malformed, PairVerdict};

/// A journey that shows the number of that user.
async fn paired(world: &World, user: &str) -> InputRequired {
    let asked = input(world.start(json!({})).await);
    input(world.submit(&asked, json!({ "user": user })).await)
}

fn number(asked: &InputRequired) -> String {
    let pairing = asked.app_data.as_ref().map(|data| data["pairing"].clone()).expect("app_data");
    assert_eq!(pairing["expires_at"], 600_000);
    pairing["number"].as_str().expect("a number").to_owned()
}

fn code(code: &str) -> Value {
    json!({ "code": code })
}

/// The users whose pairings were withdrawn.
fn withdrawn(world: &World) -> Vec<String> {
    let withdrawn = world.verifier.withdrawn.lock().expect("a lock");
    withdrawn.iter().map(|withdrawal| withdrawal.identifier.clone()).collect()
}

#[tokio::test]
async fn every_verification_of_a_session_that_paired_carries_its_binding_and_no_other_does() {
    let world = World::new(RECOVERY);
    world.verifier.will([rejected(DenialReason::WrongCode), fakes::accepted()]);
    let shown = paired(&world, "ada").await;
    let binding = shown.session.binding();
    assert_eq!(number(&shown), number_of(binding).expose());
    let again = input(world.submit(&shown, code("000000")).await);
    assert_eq!(number(&again), number(&shown));
    assert!(matches!(world.submit(&again, code("111111")).await, Ok(Answer::Completed(_))));
    assert_eq!(world.verifier.bindings(), [Some(binding), Some(binding)]);

    let other = paired(&world, "ada").await;
    assert_ne!(other.session.binding(), binding, "another session of the same user");

    let unpaired = World::new(FORM);
    let asked = input(unpaired.start(json!({})).await);
    unpaired.submit(&asked, super::filled_in("123456")).await.expect("an answer");
    assert_eq!(unpaired.verifier.bindings(), [None]);
}

#[tokio::test]
async fn the_verifier_is_told_the_facts_of_the_journey() {
    let world = World::new(RECOVERY);
    let opened_at = world.clock.now();
    let source = Some("192.0.2.1".parse().expect("an address"));
    let browser = BrowserFamily::Firefox;
    let start = Start { source, browser, ..World::start_request(json!({})) };
    let asked = input(world.start_as(None, start).await);
    world.clock.advance(Duration::from_secs(60));
    let data = json!({ "user": "ada" });
    let submission = Submission { source, browser, ..World::submission(&asked, data) };
    let shown = world.runner.submit(world.terms(), world.find(), submission).await;
    let binding = input(shown).session.binding();
    let requests = world.verifier.paired.lock().expect("a lock");
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.identifier.as_str(), request.binding), ("ada", binding));
    assert_eq!(request.facts, codes::facts::Facts { opened_at, source, browser });
    assert_eq!(request.session_ends_at, opened_at + PAIRED_LIFETIME);
}

#[tokio::test]
async fn a_session_that_paired_waits_longer_and_is_prolonged_once() {
    let world = World::new(RECOVERY);
    let opened_at = world.clock.now();
    let unpaired = input(world.start(json!({})).await);
    let mut shown = paired(&world, "ada").await;
    for _ in 0..3 {
        world.clock.advance(SESSION_LIFETIME);
        shown = input(world.submit_option(&shown, "anew", Value::Null).await);
    }
    let late = world.submit(&unpaired, json!({ "user": "bob" })).await;
    assert_eq!(late.map(drop), Err(RunError::SessionNotFound));
    assert_eq!(world.runner.waiting(), 1);
    world.clock.advance(PAIRED_LIFETIME.saturating_sub(SESSION_LIFETIME * 3));
    let late = world.submit(&shown, code("123456")).await;
    assert_eq!(late.map(drop), Err(RunError::SessionNotFound));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.runner.waiting(), 0);
    let requests = world.verifier.paired.lock().expect("a lock");
    let ends: Vec<_> = requests.iter().map(|request| request.session_ends_at).collect();
    assert_eq!(ends, [opened_at + PAIRED_LIFETIME; 4]);
}

#[tokio::test]
async fn without_room_for_longer_a_session_pairs_and_ends_as_any_other() {
    let world = World::new(RECOVERY);
    let source = Some("192.0.2.1".parse().expect("an address"));
    let start = || Start { source, ..World::start_request(json!({})) };
    let opened_at = world.clock.now();
    let asked = input(world.start_as(None, start()).await);
    world.clock.advance(Duration::from_secs(5));
    // At a replica that has no places left for this source.
    let other = world.replica();
    for _ in 0..fakes::CAPACITY.of_source {
        input(other.start_as(None, start()).await);
    }
    let shown = input(other.submit(&asked, json!({ "user": "ada" })).await);
    let ends = other.verifier.paired.lock().expect("a lock")[0].session_ends_at;
    assert_eq!(ends, opened_at + SESSION_LIFETIME);
    world.clock.advance(SESSION_LIFETIME);
    let late = other.submit(&shown, code("123456")).await;
    assert_eq!(late.map(drop), Err(RunError::SessionNotFound));
}

#[tokio::test]
async fn a_pairing_ends_with_its_journey_however_it_ends() {
    let denied = || [(); 3].map(|()| rejected(DenialReason::NoCode));
    for (option, verdicts) in [
        ("client_input", vec![fakes::accepted()]),
        ("leave", vec![]),
        ("client_input", denied().into()),
        ("client_input", vec![Err(VerifyFault::Misconfigured("no scope".to_owned()))]),
    ] {
        let world = World::new(RECOVERY);
        let tries = verdicts.len().max(1);
        world.verifier.will(verdicts);
        let mut shown = paired(&world, "ada").await;
        let binding = shown.session.binding();
        for tried in 1..=tries {
            assert_eq!(withdrawn(&world), [""; 0]);
            let answer = world.submit_option(&shown, option, code("123456")).await;
            if tried < tries {
                shown = input(answer);
            } else {
                assert!(!matches!(answer, Ok(Answer::InputRequired(_))), "{answer:?}");
            }
        }
        assert_eq!(withdrawn(&world), ["ada"]);
        assert_eq!(world.verifier.withdrawn.lock().expect("a lock")[0].binding, binding);
    }
}

#[tokio::test]
async fn another_user_in_the_same_session_gets_the_number_and_the_first_one_loses_it() {
    let world = World::new(RECOVERY);
    let shown = paired(&world, "ada").await;
    let asked = input(world.submit_option(&shown, "other", Value::Null).await);
    assert_eq!(withdrawn(&world), [""; 0]);
    let shown = input(world.submit(&asked, json!({ "user": "bob" })).await);
    assert_eq!(withdrawn(&world), ["ada"]);
    assert!(matches!(world.submit(&shown, code("123456")).await, Ok(Answer::Completed(_))));
    assert_eq!(withdrawn(&world), ["ada", "bob"]);
}

#[tokio::test]
async fn too_many_numbers_take_the_failure_branch_or_abort() {
    let world = World::new(RECOVERY);
    world.verifier.will_pair([Ok(PairVerdict::TooMany)]);
    let busy = paired(&world, "ada").await;
    assert_eq!(busy.title.as_deref(), Some("Busy"));
    assert_eq!(withdrawn(&world), [""; 0]);

    let without = RECOVERY.replace(", failure: busy", "");
    let without = without.lines().filter(|line| !line.contains("busy:")).collect::<Vec<_>>();
    let world = World::new(&without.join("\n"));
    world.verifier.will_pair([Ok(PairVerdict::TooMany)]);
    let asked = input(world.start(json!({})).await);
    let aborted = world.submit(&asked, json!({ "user": "ada" })).await;
    assert!(matches!(aborted, Err(RunError::Aborted(abort)) if abort.step == "pair"));
}

#[tokio::test]
async fn an_identifier_that_cannot_be_read_is_asked_for_again() {
    let world = World::new(RECOVERY);
    let rule = "must be an identifier".to_owned();
    let malformed = PairVerdict::Malformed(vec![Malformed { part: Part::Identifier, rule }]);
    world.verifier.will_pair([Ok(malformed)]);
    let again = paired(&world, "ada").await;
    assert_eq!(again.form_id.as_deref(), Some("user"));
    let error = again.error.expect("an error");
    assert_eq!((error.code, error.inputs[0].name.as_str()), ("client_response_not_valid", "user"));
}

#[tokio::test]
async fn when_the_verifier_fails_the_same_session_pairs_again() {
    let world = World::new(RECOVERY);
    world.verifier.will_pair([Err(VerifyFault::Unavailable)]);
    let asked = input(world.start(json!({})).await);
    let data = || json!({ "user": "ada" });
    let failed = world.submit(&asked, data()).await;
    assert_eq!(failed.map(drop), Err(RunError::Unavailable(DependencyError::Verifier)));
    let shown = input(world.submit(&asked, data()).await);
    assert_eq!(number(&shown), number_of(asked.session.binding()).expose());
    let requests = world.verifier.paired.lock().expect("a lock");
    assert!(requests.iter().all(|request| request.binding == asked.session.binding()));
    assert_eq!(requests[0].session_ends_at, requests[1].session_ends_at);
}

/// A number as people and keyboards write it.
fn written(number: &str, gaps: &[usize], separator: char, zero: char) -> String {
    let mut written = String::new();
    for (at, digit) in number.chars().enumerate() {
        if gaps.contains(&at) {
            written.push(separator);
        }
        let digit = digit.to_digit(10).and_then(|digit| char::from_u32(zero as u32 + digit));
        written.extend(digit);
    }
    written
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_sessions_own_number_is_no_code_and_costs_nothing(
        gaps in prop::collection::vec(0..6_usize, 0..4),
        separator in prop::sample::select(vec![' ', '-', '\u{2011}', '\u{200b}']),
        zero in prop::sample::select(vec!['0', '\u{660}', '\u{ff10}']),
        other in "[0-9]{6}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new(RECOVERY);
            let mut shown = paired(&world, "ada").await;
            let own = number(&shown);
            // More often than the allowed failures.
            for _ in 0..5 {
                let typed = written(&own, &gaps, separator, zero);
                shown = input(world.submit(&shown, code(&typed)).await);
                let error = shown.error.as_ref().expect("an error");
                assert_eq!((error.code, error.inputs.len()), ("client_response_not_valid", 1));
                assert_eq!(error.inputs[0].name, "code");
            }
            assert_eq!(world.verifier.attempts(), []);
            if other != own {
                world.verifier.will([rejected(DenialReason::WrongCode)]);
                shown = input(world.submit(&shown, code(&other)).await);
                let error = shown.error.expect("an error");
                assert_eq!(error.code, "invalid_credentials");
                assert_eq!(world.verifier.attempts().len(), 1);
            }
        });
    }
}
