//! `JourneyRunnerService`: running journeys on behalf of a backend's users.

mod retries;
mod sub_journeys;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json as object};
use tonic::Code;

use crate::Tested;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::pb::journey::{
    DescribeJourneyRequest, InputRequired, JourneyState, ListJourneysRequest, StartJourneyRequest,
    SubmitInputRequest,
};
use crate::harness::values::{json, structure};
use crate::harness::*;

/// Starts a journey with these parameters.
pub(crate) fn start(journey: &str, params: Value) -> StartJourneyRequest {
    StartJourneyRequest {
        journey_id: journey.to_owned(),
        params: Some(structure(params)),
        ..Default::default()
    }
}

fn credentials(user: &str, code: &str) -> Value {
    object!({"external_user_id": user, "temp_code": code})
}

/// Answers the form or information of a waiting step.
pub(crate) fn answer(step: &InputRequired, data: Value) -> SubmitInputRequest {
    SubmitInputRequest {
        session_id: step.session_id.clone(),
        assertion_id: step.assertion_id.clone(),
        challenge: step.challenge.clone(),
        data: Some(structure(data)),
        ..Default::default()
    }
}

/// The step at which a journey waits.
pub(crate) fn input_required(state: Option<JourneyState>) -> InputRequired {
    match state.and_then(|state| state.state) {
        Some(State::InputRequired(step)) => step,
        other => panic!("does not wait: {other:?}"),
    }
}

/// Starts the journey with the form.
async fn form(postern: &Postern) -> anyhow::Result<InputRequired> {
    let mut runner = postern.runner("acme-backend").await?;
    let state =
        runner.start_journey(start("temp-code-form", object!({}))).await?.into_inner().state;
    Ok(input_required(state))
}

/// Submits input as acme's backend does.
async fn submit(
    postern: &Postern,
    request: SubmitInputRequest,
) -> Result<Option<JourneyState>, tonic::Status> {
    let mut runner = postern.runner("acme-backend").await.expect("a token");
    Ok(runner.submit_input(request).await?.into_inner().state)
}

#[tokio::test]
async fn a_right_code_completes_the_journey_and_a_wrong_one_ends_it() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;

    let wrong = start("temp-code-authentication", credentials(&user, &another(&code)));
    match runner.start_journey(wrong).await?.into_inner().state.and_then(|state| state.state) {
        Some(State::Rejected(rejected)) => assert_eq!(rejected.reason, "access_rejected"),
        other => panic!("not rejected: {other:?}"),
    }
    let right = StartJourneyRequest {
        correlation_id: unique("trail"),
        locale: "de-CH".to_owned(),
        idempotency_key: unique("key"),
        ..start("temp-code-authentication", credentials(&user, &code))
    };
    match runner.start_journey(right).await?.into_inner().state.and_then(|state| state.state) {
        Some(State::Completed(completed)) => {
            assert_eq!(completed.token.split('.').count(), 3);
            postern.keep_secret(&completed.token);
        }
        other => panic!("not completed: {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_form_is_shown_again_after_a_wrong_code_and_ends_with_the_users_tokens() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;

    let step = form(&postern).await?;
    assert_eq!((step.step_id.as_str(), step.r#type.as_str()), ("temp_code_form", "form"));
    assert!(step.error.is_none());
    let options: Vec<_> = step.options.iter().map(|option| option.id.as_str()).collect();
    assert_eq!(options, ["client_input", "contact_support"]);

    let state = submit(&postern, answer(&step, credentials(&user, &another(&code)))).await?;
    let again = input_required(state);
    assert_eq!(again.step_id, "temp_code_form");
    assert_eq!(again.error.as_ref().map(|error| error.code.as_str()), Some("invalid_credentials"));
    assert_ne!(again.challenge, step.challenge);

    let state = submit(&postern, answer(&again, credentials(&user, &code))).await?;
    match state.and_then(|state| state.state) {
        Some(State::Completed(completed)) => {
            let data = json(completed.data);
            for token in ["access_token", "id_token"] {
                let token = data[token].as_str().expect("a token");
                assert_eq!(token.split('.').count(), 3);
                postern.keep_secret(token);
            }
        }
        other => panic!("not completed: {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_lock_ends_the_running_journey() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let wrong = another(&postern.issue(&user).await?);
    let mut step = form(&postern).await?;
    for _ in 0..2 {
        step = input_required(submit(&postern, answer(&step, credentials(&user, &wrong))).await?);
    }
    let state = submit(&postern, answer(&step, credentials(&user, &wrong))).await?;
    assert!(matches!(state.and_then(|state| state.state), Some(State::Rejected(_))));
    Ok(())
}

#[tokio::test]
async fn an_escape_branches_to_another_step() -> Tested {
    let postern = Postern::start()?;
    let step = form(&postern).await?;
    let request = SubmitInputRequest {
        option_id: "contact_support".to_owned(),
        ..answer(&step, object!({}))
    };
    let step = input_required(submit(&postern, request).await?);
    assert_eq!(step.r#type, "information");
    assert_eq!(json(step.data.clone())["title"], "Contact support");
    let state = submit(&postern, answer(&step, object!({}))).await?;
    assert!(matches!(state.and_then(|state| state.state), Some(State::Rejected(_))));
    Ok(())
}

#[tokio::test]
async fn a_challenge_is_valid_for_one_answer() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let step = form(&postern).await?;
    let request = answer(&step, credentials(&user, &another(&code)));
    input_required(submit(&postern, request.clone()).await?);
    refusal(submit(&postern, request.clone()).await, Code::Aborted, "CHALLENGE_USED");
    let right = answer(&step, credentials(&user, &code));
    refusal(submit(&postern, right).await, Code::Aborted, "CHALLENGE_USED");
    let invented = SubmitInputRequest { challenge: "invented".to_owned(), ..request };
    submit(&postern, invented).await.expect_err("an invented challenge");
    Ok(())
}

#[tokio::test]
async fn a_session_is_known_to_its_client_only_and_ends_with_the_journey() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let step = form(&postern).await?;
    let request = answer(&step, credentials(&user, &code));

    let mut other = postern.runner("acme-other-backend").await?;
    let foreign = other.submit_input(request.clone()).await;
    refusal(foreign, Code::NotFound, "SESSION_NOT_FOUND");
    let invented = SubmitInputRequest { session_id: unique("session"), ..request.clone() };
    refusal(submit(&postern, invented).await, Code::NotFound, "SESSION_NOT_FOUND");

    submit(&postern, request.clone()).await?;
    refusal(submit(&postern, request).await, Code::NotFound, "SESSION_NOT_FOUND");
    Ok(())
}

#[tokio::test]
async fn an_unknown_journey_is_not_found() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let unknown = runner.start_journey(start("nothing", object!({}))).await;
    refusal(unknown, Code::NotFound, "JOURNEY_NOT_FOUND");
    let unknown =
        runner.describe_journey(DescribeJourneyRequest { journey_id: "nothing".to_owned() }).await;
    refusal(unknown, Code::NotFound, "JOURNEY_NOT_FOUND");
    Ok(())
}

#[tokio::test]
async fn journeys_are_listed_and_described() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let listed = runner.list_journeys(ListJourneysRequest {}).await?.into_inner().journeys;
    let ids: Vec<_> = listed.iter().map(|journey| journey.id.as_str()).collect();
    assert_eq!(ids, ["back-office", "temp-code-authentication", "temp-code-form"]);

    let request = DescribeJourneyRequest { journey_id: "temp-code-authentication".to_owned() };
    let journey = runner.describe_journey(request).await?.into_inner().journey.expect("a journey");
    assert_eq!(journey.params, ["external_user_id", "temp_code"]);
    let first = journey.steps.first().expect("a first step");
    assert_eq!(
        (first.id.as_str(), first.r#type.as_str()),
        ("authenticate", "temp_code_authentication")
    );
    assert!(listed.contains(&journey));
    Ok(())
}

#[tokio::test]
async fn a_malformed_request_names_the_field() -> Tested {
    let postern = Postern::start()?;
    let mut runner = postern.runner("acme-backend").await?;
    let long = "x".repeat(129);
    let good = start("temp-code-form", object!({}));
    let cases = [
        (StartJourneyRequest { correlation_id: long.clone(), ..good.clone() }, "correlation_id"),
        (StartJourneyRequest { idempotency_key: long.clone(), ..good.clone() }, "idempotency_key"),
        (StartJourneyRequest { locale: long.clone(), ..good }, "locale"),
    ];
    for (request, field) in cases {
        malformed(runner.start_journey(request).await, &[field]);
    }
    let step = form(&postern).await?;
    let request = SubmitInputRequest { idempotency_key: long, ..answer(&step, object!({})) };
    malformed(submit(&postern, request).await, &["idempotency_key"]);
    Ok(())
}

#[tokio::test]
async fn a_form_without_a_code_is_shown_again_and_counts_nothing() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut step = form(&postern).await?;
    for data in [
        object!({"external_user_id": user}),
        object!({"external_user_id": user, "temp_code": ""}),
        object!({"external_user_id": user, "temp_code": {"code": code}}),
        object!({"external_user_id": [user], "temp_code": code}),
        object!({}),
    ] {
        step = input_required(submit(&postern, answer(&step, data)).await?);
        assert!(step.error.is_some());
    }
    let state = submit(&postern, answer(&step, credentials(&user, &code))).await?;
    assert!(matches!(state.and_then(|state| state.state), Some(State::Completed(_))));
    Ok(())
}
