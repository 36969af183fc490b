//! Grants that are revoked while a journey waits after the redemption.

use codes::grants::GrantStore as _;
use codes::ids::GrantId;
use serde_json::json;

use super::fakes::{World, accepted, input};
use super::journeys::{GUIDE, PAUSE};
use crate::runner::{Answer, DependencyError, InputRequired, RunError};
use crate::verdict::Verdict;

fn grant() -> GrantId {
    let Ok(Verdict::Accepted { grant, .. }) = accepted() else { panic!("accepted") };
    grant
}

/// A journey that waits after the redemption.
async fn redeemed(world: &World) -> InputRequired {
    input(world.start(json!({"external_user_id": "ada", "temp_code": "123456"})).await)
}

#[tokio::test]
async fn a_grant_that_is_revoked_while_its_journey_waits_gets_no_tokens() {
    let world = World::new(PAUSE);
    let pause = redeemed(&world).await;
    world.grants.revoke(&grant()).await.expect("serves");
    let answer = world.submit(&pause, json!({})).await.expect("an answer");
    let Answer::Rejected(rejected) = answer else { panic!("{answer:?}") };
    assert_eq!((rejected.reason.as_str(), rejected.data), ("access_rejected", None));
    assert_eq!(world.minter.minted(), 0);
    let gone = world.submit(&pause, json!({})).await;
    assert_eq!(gone.map(drop), Err(RunError::SessionNotFound), "the session has ended");
}

#[tokio::test]
async fn nothing_is_minted_after_a_wait_while_revocations_cannot_be_read() {
    let world = World::new(PAUSE);
    let pause = redeemed(&world).await;
    world.grants.fail_once();
    let failed = world.submit(&pause, json!({})).await;
    let grants = |error: &RunError| matches!(error, RunError::Unavailable(DependencyError::Grants(why)) if why.contains("down"));
    assert!(failed.is_err_and(|error| grants(&error)));
    assert_eq!(world.minter.minted(), 0);
    let answer = world.submit(&pause, json!({})).await;
    assert!(matches!(answer, Ok(Answer::Completed(_))), "the challenge was given back");
}

#[tokio::test]
async fn a_journey_that_never_waits_reads_no_grants() {
    let world = World::new(GUIDE);
    let params = json!({"external_user_id": "ada", "temp_code": "123456"});
    assert!(matches!(world.start(params).await, Ok(Answer::Completed(_))));
    assert_eq!(world.grants.reads(), 0);
}
