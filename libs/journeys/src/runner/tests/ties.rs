//! Journeys that are tied to one browser.

use serde_json::json;

use super::fakes::{World, input};
use super::filled_in;
use super::journeys::FORM;
use crate::runner::{Answer, InputRequired, RunError, Start, Submission, Tie};
use crate::verdict::Verdict;

fn tie() -> Tie {
    Tie { browser: "hash".to_owned(), purpose: "what for".to_owned() }
}

async fn tied(world: &World) -> InputRequired {
    let start = Start { tie: Some(tie()), ..World::start_request(json!({})) };
    input(world.start_as(None, start).await)
}

async fn answer(
    world: &World,
    asked: &InputRequired,
    secret: Option<&str>,
) -> Result<Answer, RunError> {
    let secret = secret.map(str::to_owned);
    let submission = Submission { secret, ..World::submission(asked, filled_in("123456")) };
    world.runner.submit(world.terms(), world.find(), submission).await
}

#[tokio::test]
async fn only_the_browser_that_began_a_tied_journey_answers_it() {
    let world = World::new(FORM);
    let asked = tied(&world).await;
    for other in [None, Some(""), Some("another"), Some("HASH")] {
        let refused = answer(&world, &asked, other).await;
        assert!(matches!(refused, Err(RunError::SessionNotFound)), "{other:?}: {refused:?}");
    }
    let Ok(Answer::Completed(completed)) = answer(&world, &asked, Some("hash")).await else {
        panic!("its own browser answers")
    };
    assert_eq!(completed.tie, Some(tie()));
    let user = completed.authentication.expect("a user").user;
    assert_eq!(user.as_str(), "ada");
}

#[tokio::test]
async fn a_rejection_returns_the_tie_too() {
    let world = World::new(FORM);
    let rejected = Verdict::Rejected { reason: None };
    world.verifier.will([Ok(rejected.clone()), Ok(rejected.clone()), Ok(rejected)]);
    let mut asked = tied(&world).await;
    loop {
        match answer(&world, &asked, Some("hash")).await {
            Ok(Answer::InputRequired(again)) => asked = again,
            Ok(Answer::Rejected(rejected)) => {
                assert_eq!(rejected.tie, Some(tie()));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn any_browser_answers_a_journey_without_a_tie() {
    let world = World::new(FORM);
    let asked = input(world.start(json!({})).await);
    let Ok(Answer::Completed(completed)) = answer(&world, &asked, Some("hash")).await else {
        panic!("it is not tied")
    };
    assert_eq!(completed.tie, None);
}
