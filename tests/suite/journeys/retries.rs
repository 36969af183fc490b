//! Journeys under an idempotency key: a retry runs nothing twice.

use super::*;

#[tokio::test]
async fn a_retried_start_verifies_once() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let request = StartJourneyRequest {
        idempotency_key: unique("key"),
        ..start("temp-code-authentication", credentials(&user, &code))
    };
    for _ in 0..2 {
        let state = runner.start_journey(request.clone()).await?.into_inner().state;
        assert!(matches!(state.and_then(|state| state.state), Some(State::Completed(_))));
    }
    Ok(())
}

/// The id of a completed journey's token.
fn token_id(state: Option<JourneyState>) -> String {
    match state.and_then(|state| state.state) {
        Some(State::Completed(completed)) => {
            let claims = completed.token.split('.').nth(1).expect("a JWT has claims");
            let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
            let claims: Value = serde_json::from_slice(&claims).expect("JSON");
            claims["jti"].as_str().expect("a token has an id").to_owned()
        }
        other => panic!("not completed: {other:?}"),
    }
}

/// One key names one start: a retry has the same token id, and another user's start has no effect.
#[tokio::test]
async fn one_key_for_two_users_runs_one_journey() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let (jane, joe) = (unique("jane"), unique("joe"));
    let [janes, joes] = [postern.issue(&jane).await?, postern.issue(&joe).await?];
    let of_jane = StartJourneyRequest {
        idempotency_key: unique("key"),
        ..start("temp-code-authentication", credentials(&jane, &janes))
    };
    let first = token_id(runner.start_journey(of_jane.clone()).await?.into_inner().state);
    let of_joe = StartJourneyRequest {
        idempotency_key: of_jane.idempotency_key.clone(),
        ..start("temp-code-authentication", credentials(&joe, &joes))
    };
    refusal(runner.start_journey(of_joe.clone()).await, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    let again = token_id(runner.start_journey(of_jane).await?.into_inner().state);
    assert_eq!(again, first);

    let of_joe = StartJourneyRequest { idempotency_key: unique("key"), ..of_joe };
    let other = token_id(runner.start_journey(of_joe).await?.into_inner().state);
    assert_ne!(other, first, "Joe's code was not used up, and his token is his own");
    Ok(())
}

/// The same of an answer to a form.
#[tokio::test]
async fn one_key_for_two_submissions_runs_one() -> Tested {
    let postern = Postern::start()?;
    let (first, second) = (form(&postern).await?, form(&postern).await?);
    let user = unique("nobody");
    let key = unique("key");
    let keyed = |step| SubmitInputRequest {
        idempotency_key: key.clone(),
        ..answer(step, credentials(&user, "123456123456"))
    };
    submit(&postern, keyed(&first)).await?;
    refusal(submit(&postern, keyed(&second)).await, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    submit(&postern, answer(&second, credentials(&user, "123456123456"))).await?;
    Ok(())
}
