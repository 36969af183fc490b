//! Limits on what a client may send, and on what is stored of it.

use serde_json::json;

use super::fakes::{World, input};
use super::journeys::{FORM, GUIDE};
use crate::runner::{Answer, RunError};

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new(GUIDE);
    for (user, named) in
        [(json!(vec!["y"; 70_000]), "params"), (json!("y".repeat(257)), "params.external_user_id")]
    {
        let refused = world.start(json!({"temp_code": "1", "external_user_id": user})).await;
        assert!(
            matches!(refused, Err(RunError::InvalidSubmission(inputs)) if inputs[0].name == named)
        );
    }
}

#[tokio::test]
async fn what_would_be_stored_while_a_journey_waits_is_small() {
    let world = World::new(FORM);
    let refused = world.start(json!({"plain": "y".repeat(2048)})).await;
    assert!(
        matches!(refused, Err(RunError::InvalidSubmission(fields)) if fields[0].name == "params")
    );
    let mut asked = input(world.start(json!({"plain": "y".repeat(1900)})).await);
    for (user, code) in [(257, 6), (6, 1025)] {
        let data = json!({"user": "y".repeat(user), "code": "1".repeat(code)});
        asked = input(world.submit(&asked, data).await);
        let error = asked.error.as_ref().map(|error| error.code);
        assert_eq!(error, Some("client_response_not_valid"));
    }
    let data = json!({"user": "y".repeat(256), "code": "1".repeat(1024)});
    assert!(matches!(world.submit(&asked, data).await, Ok(Answer::Completed(_))));
    let stored = world.store.everything();
    assert!(stored.len() < 3 * 5 * 1024, "{}", stored.len());
}
