//! Journeys that run others.

use std::fs;

use serde_json::json as object;

use super::{answer, input_required, start, submit};
use crate::Tested;
use crate::harness::pb::journey::SubmitInputRequest;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::postern::copy_of_config;
use crate::harness::values::json;
use crate::harness::*;

/// Asks for the code within the journey that it runs.
const CALLER: &str = r#"id: caller
start: login
steps:
  login:
    type: sub_journey
    journey: ask
    params: { title: "`Hello ${@policy.request().params.name}`" }
    output: result
    on: { success: done, failure: denied }
  done: { type: complete, data: { user: result.user, tokens: "@policy.userTokens()" } }
  denied: { type: reject_access }
"#;

const ASK: &str = r#"id: ask
start: form
steps:
  form:
    type: collect_information
    form_id: code
    fields: [user, code]
    app_data: { title: "@policy.request().params.title" }
    output: form
    escapes: [{ id: stop, display_name: Stop }]
    on: { submit: check, stop: stopped }
  check:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    on: { success: done, failure: form }
  done: { type: complete, data: { user: "@policy.userContext().user_id" } }
  stopped: { type: reject_access }
"#;

#[tokio::test]
async fn a_sub_journey_waits_and_its_outcome_leads_on() -> Tested {
    let folder = copy_of_config()?;
    fs::write(folder.path().join("journeys/caller.yaml"), CALLER)?;
    fs::write(folder.path().join("journeys/ask.yaml"), ASK)?;
    let postern = Postern::serving(folder.path())?;
    let mut runner = postern.runner("acme-backend").await?;
    let request = start("caller", object!({"name": "Jane"}));
    let user = unique("jane");
    let code = postern.issue(&user).await?;

    let first = runner.start_journey(request.clone()).await?.into_inner().state;
    let first = input_required(first);
    assert_eq!((&*first.assertion_id, &*first.step_id), ("login.form", "code"));
    assert_eq!(json(first.data.clone())["app_data"], object!({"title": "Hello Jane"}));
    let wrong = answer(&first, object!({"user": user, "code": another(&code)}));
    let again = input_required(submit(&postern, wrong).await?);
    assert!(again.error.is_some());
    let right = answer(&again, object!({"user": user, "code": code}));
    match submit(&postern, right).await?.and_then(|state| state.state) {
        Some(State::Completed(completed)) => {
            let data = json(completed.data);
            assert_eq!(data["user"], object!(user));
            assert!(data["tokens"]["access_token"].is_string());
        }
        other => panic!("not completed: {other:?}"),
    }

    let second = input_required(runner.start_journey(request).await?.into_inner().state);
    let stop = SubmitInputRequest { option_id: "stop".to_owned(), ..answer(&second, object!({})) };
    match submit(&postern, stop).await?.and_then(|state| state.state) {
        Some(State::Rejected(_)) => Ok(()),
        other => panic!("not rejected: {other:?}"),
    }
}
