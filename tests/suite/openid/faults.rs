//! Faults while a request's journey runs: the client learns of them by redirect, at a registered address only.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::back::Back;
use super::flow::{Flow, PORTAL, SHOP, configured};
use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::postern::change;
use crate::harness::*;

const SOON: Duration = Duration::from_secs(10);

/// The status of a call, and the address to which its answer sends the browser.
async fn sent(call: RequestBuilder) -> anyhow::Result<(StatusCode, Option<Back>)> {
    let answer = call.send().await?;
    let (status, body) = (answer.status(), answer.json::<Value>().await?);
    Ok((status, body["data"]["data"]["url"].as_str().map(Back::parse).transpose()?))
}

fn assert_tells(flow: &Flow<'_>, back: Option<&Back>, error: &str) {
    let back = back.expect("an address");
    assert!(flow.party.redirect_uri.starts_with(&back.path), "{back:?}");
    assert_eq!((back.get("error"), back.get("code")), (Some(error), None));
    assert_eq!(back.get("state"), Some(flow.state.as_str()));
    assert!(back.get("iss").is_some() && back.get("error_description").is_some(), "{back:?}");
}

/// A step fails and has no branch for that: at the start of a journey, and after a wait.
#[tokio::test]
async fn a_journey_that_cannot_go_on_returns_server_error() -> Tested {
    let folder = configured()?;
    let branches = "success: done, failure";
    change(&folder, "journeys/temp-code-form.yaml", &format!("{branches}: ask"), "success: done")?;
    let journey = "journeys/temp-code-authentication.yaml";
    change(&folder, journey, &format!("{branches}: denied"), "success: done")?;
    change(&folder, journey, "  denied: { type: reject_access }\n", "")?;
    let postern = Postern::serving(folder.path())?;
    let input = json!({"external_user_id": unique("jane"), "temp_code": "123456123456"});

    let portal = Flow::begin(&postern, PORTAL).await?;
    let call = portal.starting(&input);
    let (status, back) = sent(call.header("cookie", &portal.cookie)).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_tells(&portal, back.as_ref(), "server_error");

    let mut shop = Flow::begin(&postern, SHOP).await?;
    let asked = shop.start(json!({})).await?;
    let call = shop.answering(&asked, &asked, &json!({"assert": "action", "input": input}));
    let (status, back) = sent(call.header("cookie", &shop.cookie)).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_tells(&shop, back.as_ref(), "server_error");
    Ok(())
}

/// The page may try again, or send the user back.
#[tokio::test]
async fn without_a_store_the_journey_waits_and_the_client_can_be_told() -> Tested {
    let folder = configured()?;
    let deployment = Deployment::of(folder.path())?.of_one_issuer();
    let postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut flow = Flow::begin(&postern, SHOP).await?;
    let stranger = Flow::begin(&postern, SHOP).await?;
    let asked = flow.start(json!({})).await?;
    let input = json!({"external_user_id": user, "temp_code": code});
    let input = json!({"assert": "action", "input": input});
    let submit = |cookie: &str| flow.answering(&asked, &asked, &input).header("cookie", cookie);

    deployment.redis.freeze()?;
    let (status, back) = sent(submit(&flow.cookie)).await?;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_tells(&flow, back.as_ref(), "temporarily_unavailable");
    let (_, back) = sent(submit(&stranger.cookie)).await?;
    assert!(back.is_none(), "another browser is sent nowhere: {back:?}");
    deployment.redis.thaw()?;

    within(SOON, "the journey goes on", async || {
        let (status, back) = sent(submit(&flow.cookie)).await?;
        Ok(status.is_success() && back.is_some_and(|back| back.get("code").is_some()))
    })
    .await
}

#[tokio::test]
async fn a_fault_leads_to_no_address_whose_registration_has_ended() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mut flow = Flow::begin(&postern, SHOP).await?;
    let asked = flow.start(json!({})).await?;
    change(&folder, "applications/acme.yaml", r#""https://shop.example/back", "#, "")?;
    let journey = "journeys/temp-code-form.yaml";
    change(&folder, journey, "success: done, failure: ask", "success: done")?;
    let input = json!({"external_user_id": unique("jane"), "temp_code": "123456123456"});
    let input = json!({"assert": "action", "input": input});
    within(SOON, "the change is served", async || {
        Ok(flow.starting(&json!({})).header("cookie", &flow.cookie).send().await?.status()
            == StatusCode::NOT_FOUND)
    })
    .await?;
    let call = flow.answering(&asked, &asked, &input).header("cookie", &flow.cookie);
    let (status, back) = sent(call).await?;
    assert!(status.is_client_error() && back.is_none(), "{status} {back:?}");
    Ok(())
}
