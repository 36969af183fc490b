//! Recovery while the user talks to the help desk: from the page's first call to the tokens, with an agent
//! who issues the code for the number that the page shows.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::pages::{answer_step, submission};
use crate::harness::pairing::for_journey;
use crate::harness::pb::code::{DescribePairingRequest, DescribePairingResponse};
use crate::harness::pb::journey::StartJourneyRequest;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::postern::{change, copy_of_config, utf8};
use crate::harness::values::json as from_struct;
use crate::harness::*;
use crate::journeys::{answer, input_required};

const JOURNEY: &str = "account-recovery";

/// The configuration of the tests, with the demo's journey.
fn config_with_recovery() -> anyhow::Result<TempDir> {
    let folder = copy_of_config()?;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/postern/demo/journeys");
    let file = format!("{JOURNEY}.yaml");
    fs::copy(demo.join(&file), folder.path().join("journeys").join(&file))?;
    let may_run = "journeys: [temp-code-authentication, temp-code-form";
    change(&folder, "applications/acme.yaml", may_run, &format!("{may_run}, {JOURNEY}"))?;
    Ok(folder)
}

fn start(flags: &[&str]) -> anyhow::Result<(TempDir, Postern)> {
    let folder = config_with_recovery()?;
    let postern = Postern::with(&[&["--config", utf8(folder.path())?], flags].concat())?;
    Ok((folder, postern))
}

/// A browser that recovers.
struct Page<'p> {
    postern: &'p Postern,
    first: Value,
    shown: Value,
}

impl<'p> Page<'p> {
    /// Opens the page and enters a user ID.
    async fn open(postern: &'p Postern, user: &str) -> anyhow::Result<Self> {
        let first: Value =
            postern.invoke(JOURNEY, json!({})).await?.error_for_status()?.json().await?;
        assert_eq!(first["data"]["control_flow"][0]["form_id"], "account");
        let mut page = Self { postern, shown: first.clone(), first };
        page.fill_in(json!({ "external_user_id": user })).await?;
        Ok(page)
    }

    /// Answers the step that is shown.
    async fn send(&self, assertion: Value) -> anyhow::Result<reqwest::Response> {
        let body = submission(&self.first, &self.shown, &assertion);
        answer_step(self.postern, &self.first, &body).await
    }

    async fn fill_in(&mut self, input: Value) -> anyhow::Result<&Value> {
        let answer = self.send(json!({ "assert": "action", "input": input })).await?;
        self.shown = answer.error_for_status()?.json().await?;
        Ok(&self.shown["data"])
    }

    async fn escape(&mut self, id: &str) -> anyhow::Result<&Value> {
        let answer = self.send(json!({ "assert": "escape", "data": { "escape_id": id } })).await?;
        self.shown = answer.error_for_status()?.json().await?;
        Ok(&self.shown["data"])
    }

    async fn enter(&mut self, code: &str) -> anyhow::Result<&Value> {
        self.fill_in(json!({ "temp_code": code })).await
    }

    /// The number that the user reads to the agent.
    fn number(&self) -> String {
        let step = &self.shown["data"]["control_flow"][0];
        assert_eq!(step["form_id"], "pairing", "{step}");
        step["app_data"]["pairing"]["number"].as_str().expect("a number").to_owned()
    }
}

/// The error of a form that is shown again.
fn error(shown: &Value) -> &Value {
    assert_eq!(shown["state"], "pending", "{shown}");
    &shown["assertion_error_code"]
}

/// The agent issues a code for the number that the user reads.
async fn issue(postern: &Postern, user: &str, number: &str) -> anyhow::Result<String> {
    let issued =
        postern.issuer("acme-support").await?.issue_code(for_journey(user, number)).await?;
    let issued = issued.into_inner();
    assert!(issued.paired);
    postern.keep_secret(&issued.code);
    Ok(issued.code)
}

async fn describe(
    postern: &Postern,
    user: &str,
    number: &str,
) -> anyhow::Result<Result<DescribePairingResponse, tonic::Status>> {
    let request = DescribePairingRequest { user: user_id(user), pairing_number: number.to_owned() };
    let described = postern.issuer("acme-support").await?.describe_pairing(request).await;
    Ok(described.map(tonic::Response::into_inner))
}

#[tokio::test]
async fn a_user_recovers_with_a_code_for_the_number_on_the_page() -> Tested {
    let (_folder, postern) = start(&[])?;
    let user = unique("jane");
    let mut page = Page::open(&postern, &user).await?;
    let number = page.number();
    let facts = describe(&postern, &user, &number).await??.facts.expect("facts");
    assert_eq!(facts.source_address, "127.0.0.1");
    let code = issue(&postern, &user, &number).await?;

    // The number instead of the code, more often than failures are allowed.
    for _ in 0..4 {
        let shown = page.enter(&format!("{} {}", &number[..3], &number[3..])).await?;
        assert!(!error(shown).is_null(), "{shown}");
        assert_eq!(page.number(), number);
    }
    let told = page.shown["data"]["assertion_error_message"].as_str().expect("a text").to_owned();
    assert!(told.contains("temp_code: must be the code"), "{told}");
    let wrong = another(&code);
    let shown = page.enter(&wrong).await?.clone();
    assert_ne!(shown["assertion_error_message"], told);
    assert_eq!(page.escape("new_number").await?["state"], "pending");
    assert_eq!(page.number(), number, "it is still valid");

    let done = page.enter(&code).await?;
    assert_eq!(done["state"], "completed", "{done}");
    assert!(done["data"]["json_data"]["access_token"].is_string(), "{done}");
    // The journey has withdrawn its number.
    within(Duration::from_secs(5), "the number is gone", async || {
        Ok(describe(&postern, &user, &number).await?.is_err())
    })
    .await
}

#[tokio::test]
async fn two_users_pair_at_once_and_each_code_works_for_its_own_journey() -> Tested {
    let (_folder, postern) = start(&[])?;
    let (jane, joe) = (unique("jane"), unique("joe"));
    let (mut hers, mut his) =
        (Page::open(&postern, &jane).await?, Page::open(&postern, &joe).await?);
    let her_code = issue(&postern, &jane, &hers.number()).await?;
    let his_code = issue(&postern, &joe, &his.number()).await?;
    assert!(!error(hers.enter(&his_code).await?).is_null());
    assert!(!error(his.enter(&her_code).await?).is_null());
    assert_eq!(hers.enter(&her_code).await?["state"], "completed");
    assert_eq!(his.enter(&his_code).await?["state"], "completed");
    Ok(())
}

#[tokio::test]
async fn a_stranger_with_the_same_user_id_changes_nothing() -> Tested {
    let (_folder, postern) = start(&[])?;
    let user = unique("jane");
    let mut owner = Page::open(&postern, &user).await?;
    let code = issue(&postern, &user, &owner.number()).await?;
    for turn in 0..4 {
        let mut stranger = Page::open(&postern, &user).await?;
        assert_ne!(stranger.number(), owner.number());
        // Even the right code is denied, like any other.
        for guess in [&another(&code), &code] {
            let shown = stranger.enter(guess).await?;
            assert!(!error(shown).is_null(), "{turn}: {shown}");
        }
        let (state, _) = postern.redeem(&user, &another(&code)).await?;
        assert_eq!(state, "rejected");
    }
    assert_eq!(owner.enter(&code).await?["state"], "completed");
    Ok(())
}

#[tokio::test]
async fn while_the_verifier_is_away_a_step_can_be_sent_again() -> Tested {
    let folder = config_with_recovery()?;
    let deployment = Deployment::of(folder.path())?;
    let mut postern = deployment.replica()?;
    let user = unique("jane");
    let page = Page::open(&postern, &user).await?;
    let code = issue(&postern, &user, &page.number()).await?;
    let Page { first, shown, .. } = page;
    let input = json!({ "temp_code": code });
    let body = submission(&first, &shown, &json!({ "assert": "action", "input": input }));

    let verifier = postern.process("verifier");
    verifier.terminate()?;
    verifier.ends_within(Duration::from_secs(10)).await?;
    let away = answer_step(&postern, &first, &body).await?;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.headers().contains_key("retry-after"));
    postern.process("verifier").start_again()?;
    within(Duration::from_secs(20), "the code is redeemed", async || {
        let answer: Value = answer_step(&postern, &first, &body).await?.json().await?;
        Ok(answer["data"]["state"] == "completed")
    })
    .await
}

#[tokio::test]
async fn a_backend_runs_the_journey_over_grpc() -> Tested {
    let (_folder, postern) = start(&[])?;
    let mut runner = postern.runner("acme-backend").await?;
    let user = unique("jane");
    let request = StartJourneyRequest { journey_id: JOURNEY.to_owned(), ..Default::default() };
    let asked = input_required(runner.start_journey(request).await?.into_inner().state);
    let data = json!({ "external_user_id": user });
    let shown = input_required(runner.submit_input(answer(&asked, data)).await?.into_inner().state);
    let data = from_struct(shown.data.clone());
    let number = data["app_data"]["pairing"]["number"].as_str().expect("a number");
    let code = issue(&postern, &user, number).await?;
    let data = json!({ "temp_code": code });
    let state = runner.submit_input(answer(&shown, data)).await?.into_inner().state;
    assert!(matches!(state.and_then(|state| state.state), Some(State::Completed(_))));
    Ok(())
}
