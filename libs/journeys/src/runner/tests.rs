//! A runner over fakes: its calls to the ports, what it stores, and what the client sees.

mod fakes;
mod journeys;
mod limits;
mod pairing;
mod revocation;
mod ties;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use codes::digest::Fingerprint;
use codes::ids::{ApplicationId, ClientId};
use codes::operations::Caller;
use codes::record::DenialReason;
use definitions::Journey;
use serde_json::{Value, json};

use self::fakes::{World, input, rejected};
use self::journeys::{FORM, GUIDE, LATE, LOOP, TWICE};
use super::{Answer, DependencyError, RunError, Submission, Terms};
use crate::ports::VerifyFault;
use crate::session::SESSION_LIFETIME;
use crate::verdict::Verdict;

fn filled_in(code: &str) -> Value {
    json!({"user": "ada", "code": code})
}

#[tokio::test]
async fn the_guides_journey_completes_without_touching_the_store() {
    let world = World::new(GUIDE);
    let params = json!({"external_user_id": "ada", "temp_code": "123456"});
    let answer = world.start(params).await.expect("an answer");
    let Answer::Completed(completed) = answer else { panic!("{answer:?}") };
    assert_eq!(completed.token, "journey token of Some(\"ada\")");
    assert_eq!(completed.data, Some(json!({"tokens": {"access_token": "A", "id_token": "I"}})));
    assert_eq!(world.verifier.attempts(), [("ada".to_owned(), "123456".to_owned())]);
    assert_eq!(world.store.writes(), 0);
}

#[tokio::test]
async fn every_denial_looks_the_same_and_mints_nothing() {
    for reason in DenialReason::ALL.into_iter().map(Some).chain([None]) {
        let world = World::new(GUIDE);
        world.verifier.will([Ok(Verdict::Rejected { reason })]);
        let params = json!({"external_user_id": "ada", "temp_code": "123456"});
        let answer = world.start(params).await.expect("an answer");
        let Answer::Rejected(rejected) = answer else { panic!("{answer:?}") };
        assert_eq!((rejected.reason.as_str(), rejected.data), ("access_rejected", None));
        assert_eq!((world.minter.minted(), world.store.writes()), (0, 0));
    }
}

#[tokio::test]
async fn a_form_leads_to_tokens_and_no_secret_is_ever_stored() {
    let world = World::new(FORM);
    world.verifier.will([rejected(DenialReason::WrongCode), fakes::accepted()]);
    let params = json!({"temp_code": "777777", "plain": "kept"});
    let first = input(world.start(params).await);
    assert_eq!((first.kind.as_str(), first.form_id.as_deref()), ("form", Some("f")));
    assert_eq!(first.app_data, Some(json!({"plain": "kept"})));
    assert_eq!((first.escapes.len(), &first.error), (1, &None));
    let again = input(world.submit(&first, filled_in("654321")).await);
    assert_eq!(again.error.as_ref().map(|error| error.code), Some("invalid_credentials"));
    assert_eq!(again.form_id.as_deref(), Some("f"));
    assert_ne!(again.challenge, first.challenge);
    assert_eq!(again.session, first.session);
    let answer = world.submit(&again, filled_in("123456")).await.expect("an answer");
    assert!(matches!(answer, Answer::Completed(_)));
    let stored = world.store.everything();
    assert!(stored.contains("kept") && stored.contains("invalid_code"));
    for secret in ["654321", "123456", "777777", first.session.expose(), &first.challenge, "\"A\""]
    {
        assert!(!stored.contains(secret), "{secret} is in {stored}");
    }
    let gone = world.submit(&again, filled_in("123456")).await;
    assert_eq!(gone.map(drop), Err(RunError::SessionNotFound), "the session has ended");
}

#[tokio::test]
async fn a_challenge_is_good_for_one_submission() {
    let world = World::new(FORM);
    world.verifier.will([rejected(DenialReason::WrongCode)]);
    let first = input(world.start(json!({})).await);
    input(world.submit(&first, filled_in("1")).await);
    for _ in 0..2 {
        let replayed = world.submit(&first, filled_in("123456")).await;
        assert_eq!(replayed.map(drop), Err(RunError::ChallengeUsed));
    }
    assert_eq!(world.verifier.attempts().len(), 1);
}

#[tokio::test]
async fn of_many_submissions_of_one_challenge_one_is_verified() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let all = (0..50).map(|n| world.submit(&first, filled_in(&n.to_string())));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for lost in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, RunError::ChallengeUsed | RunError::SessionNotFound), "{lost:?}");
    }
    assert_eq!(world.verifier.attempts().len(), 1);
}

#[tokio::test]
async fn failures_end_the_journey_alike_for_everybody() {
    for reason in DenialReason::ALL {
        let world = World::new(FORM);
        world.verifier.will([rejected(reason), rejected(reason), rejected(reason)]);
        let mut asked = input(world.start(json!({})).await);
        for _ in 0..2 {
            asked = input(world.submit(&asked, filled_in("1")).await);
        }
        let answer = world.submit(&asked, filled_in("1")).await.expect("an answer");
        let Answer::Rejected(rejected) = answer else { panic!("{reason:?}: {answer:?}") };
        assert_eq!((rejected.reason.as_str(), rejected.data), ("access_rejected", None));
        let gone = world.submit(&asked, filled_in("123456")).await;
        assert_eq!(gone.map(drop), Err(RunError::SessionNotFound));
    }
}

#[tokio::test]
async fn when_the_verifier_fails_the_challenge_is_given_back_and_counts_once() {
    let world = World::new(FORM);
    world.verifier.will([Err(VerifyFault::Unavailable), fakes::accepted()]);
    let first = input(world.start(json!({})).await);
    let failed = world.submit(&first, filled_in("123456")).await;
    assert_eq!(failed.map(drop), Err(RunError::Unavailable(DependencyError::Verifier)));
    let answer = world.submit(&first, filled_in("123456")).await.expect("an answer");
    assert!(matches!(answer, Answer::Completed(_)));
    let keys = world.verifier.keys();
    assert_eq!(keys[0], keys[1], "a retry is the same attempt");
}

#[tokio::test]
async fn when_minting_fails_the_challenge_is_given_back() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    world.minter.fail_once();
    let failed = world.submit(&first, filled_in("123456")).await;
    assert!(matches!(failed, Err(RunError::Unavailable(DependencyError::Minting(_)))));
    let answer = world.submit(&first, filled_in("123456")).await.expect("an answer");
    assert!(matches!(answer, Answer::Completed(_)));
    let keys = world.verifier.keys();
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_misconfigured_verifier_ends_the_journey() {
    let world = World::new(FORM);
    world.verifier.will([Err(VerifyFault::Misconfigured("no scope".to_owned()))]);
    let first = input(world.start(json!({})).await);
    let failed = world.submit(&first, filled_in("1")).await;
    assert_eq!(failed.map(drop), Err(RunError::Misconfigured("no scope".to_owned())));
    let gone = world.submit(&first, filled_in("1")).await;
    assert_eq!(gone.map(drop), Err(RunError::SessionNotFound));
}

#[tokio::test]
async fn a_start_sent_again_names_the_same_verifications_and_another_start_does_not() {
    let world = World::new(TWICE);
    world.verifier.will([(); 6].map(|()| rejected(DenialReason::NoCode)));
    for name in [1, 1, 2] {
        let start = World::start_request(json!({"external_user_id": "ada", "temp_code": "1"}));
        let name = Some(Fingerprint::from_bytes([name; 16]));
        world.start_as(name, start).await.expect("an answer");
    }
    let keys = world.verifier.keys();
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[..2], keys[2..4]);
    assert!(keys[4..].iter().all(|key| !keys[..4].contains(key)));
}

#[tokio::test]
async fn the_expired_branch_is_for_expired_codes() {
    for (reason, late) in [(DenialReason::Expired, true), (DenialReason::NoCode, false)] {
        let world = World::new(LATE);
        world.verifier.will([rejected(reason)]);
        let params = json!({"external_user_id": "ada", "temp_code": "1"});
        let answer = world.start(params).await.expect("an answer");
        let Answer::Rejected(rejected) = answer else { panic!("{answer:?}") };
        assert_eq!(rejected.data.is_some(), late);
    }
}

#[tokio::test]
async fn an_escape_and_an_information_lead_back_to_the_form() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let help = input(world.submit_option(&first, "help", Value::Null).await);
    assert_eq!((help.kind.as_str(), help.title.as_deref()), ("information", Some("Help")));
    let back = input(world.submit(&help, Value::Null).await);
    assert_eq!((back.form_id.as_deref(), back.error), (Some("f"), None));
}

#[tokio::test]
async fn a_form_in_a_loop_is_shown_until_the_loop_is_exhausted() {
    let world = World::new(LOOP);
    world.verifier.will((0..9).map(|_| rejected(DenialReason::WrongCode)));
    let mut asked = input(world.start(json!({})).await);
    asked = input(world.submit(&asked, filled_in("1")).await);
    assert_eq!(asked.error.as_ref().map(|error| error.code), Some("invalid_credentials"));
    let answer = world.submit(&asked, filled_in("1")).await.expect("an answer");
    let Answer::Rejected(rejected) = answer else { panic!("{answer:?}") };
    assert_eq!(rejected.data, Some(json!({"exhausted": true})));
}

#[tokio::test]
async fn a_failure_without_a_branch_aborts_and_ends_the_session() {
    let world = World::new(&FORM.replace(", failure: ask }", " }"));
    world.verifier.will([rejected(DenialReason::Locked)]);
    let first = input(world.start(json!({})).await);
    let aborted = world.submit(&first, filled_in("1")).await;
    assert!(matches!(aborted, Err(RunError::Aborted(abort)) if abort.step == "verify"));
    let gone = world.submit(&first, filled_in("1")).await;
    assert_eq!(gone.map(drop), Err(RunError::SessionNotFound));
}

#[tokio::test]
async fn a_wrong_submission_does_not_use_up_the_challenge() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let wrong = world.submit_option(&first, "cancel", Value::Null).await;
    assert!(
        matches!(wrong, Err(RunError::InvalidSubmission(fields)) if fields[0].name == "option_id")
    );
    let other = Submission {
        assertion_id: "verify".to_owned(),
        ..World::submission(&first, filled_in("1"))
    };
    let wrong = world.runner.submit(world.terms(), world.find(), other).await;
    assert!(
        matches!(wrong, Err(RunError::InvalidSubmission(fields)) if fields[0].name == "assertion_id")
    );
    assert!(world.submit(&first, filled_in("123456")).await.is_ok());
}

#[tokio::test]
async fn a_session_is_its_clients_alone() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let client = ClientId::parse("other").expect("a client");
    let application = ApplicationId::parse("other").expect("an application");
    let theirs = &world.caller;
    for stranger in [Caller { client, ..theirs.clone() }, Caller { application, ..theirs.clone() }]
    {
        let terms = Terms { caller: &stranger, ..world.terms() };
        let submission = World::submission(&first, filled_in("123456"));
        let refused = world.runner.submit(terms, world.find(), submission).await;
        assert_eq!(refused.map(drop), Err(RunError::SessionNotFound));
    }
    assert!(world.submit(&first, filled_in("123456")).await.is_ok());
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    world.clock.advance(SESSION_LIFETIME.saturating_sub(Duration::from_millis(1)));
    let next = input(world.submit_option(&first, "help", Value::Null).await);
    world.clock.advance(Duration::from_millis(1));
    let late = world.submit(&next, Value::Null).await;
    assert_eq!(late.map(drop), Err(RunError::SessionNotFound));
}

#[tokio::test]
async fn a_changed_journey_must_be_started_again() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let changed = Journey::parse("j", &format!("{FORM}# changed\n")).map(Arc::new).expect("fine");
    let submission = World::submission(&first, filled_in("123456"));
    let find = |_: &_| Some(Arc::clone(&changed));
    let refused = world.runner.submit(world.terms(), find, submission).await;
    assert_eq!(refused.map(drop), Err(RunError::JourneyChanged));
    let gone = world.submit(&first, filled_in("123456")).await;
    assert_eq!(gone.map(drop), Err(RunError::SessionNotFound));
    assert!(world.verifier.attempts().is_empty());
}

#[tokio::test]
async fn nothing_prints_a_secret() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let printed = format!("{first:?} {:?}", first.session);
    assert!(!printed.contains(&first.challenge) && !printed.contains(first.session.expose()));
}

#[tokio::test]
async fn a_run_can_move_between_threads() {
    let world = World::new(FORM);
    let first = input(world.start(json!({})).await);
    let submission = World::submission(&first, filled_in("123456"));
    let run = async move { world.runner.submit(world.terms(), world.find(), submission).await };
    assert!(tokio::spawn(run).await.expect("no panic").is_ok());
}
