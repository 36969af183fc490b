//! A sign-in whose journey runs another one and pairs the browser with the caller at the help desk.

use std::fs;

use serde_json::{Value, json};

use super::back;
use super::flow::{Flow, Party, configured};
use crate::Tested;
use crate::harness::pairing::for_journey;
use crate::harness::postern::change;
use crate::harness::*;

const BANK: Party = Party { id: "bank", redirect_uri: "https://bank.example/back", secret: None };

const CLIENT: &str = r#"  - id: bank
    redirect_uris: ["https://bank.example/back"]
    openid: true
    journey: sign-in-by-support
temp_code:
"#;

const OUTER: &str = r"id: sign-in-by-support
start: recover
steps:
  recover:
    type: sub_journey
    journey: on-the-phone
    on: { success: done, failure: denied }
  done: { type: complete }
  denied: { type: reject_access }
";

const INNER: &str = r#"id: on-the-phone
start: identify
steps:
  identify:
    type: collect_information
    form_id: account
    fields: [external_user_id]
    output: account
    on: { submit: pair }
  pair:
    type: pair_with_support
    external_user_id: account.external_user_id
    output: pairing
    on: { next: redeem, failure: denied }
  redeem:
    type: collect_information
    form_id: pairing
    fields: [temp_code]
    app_data: { pairing: "@json.parse(@json.stringify(pairing))" }
    output: answer
    on: { submit: authenticate }
  authenticate:
    type: temp_code_authentication
    external_user_id: account.external_user_id
    temp_code: answer.temp_code
    on: { success: done, failure: redeem }
  done: { type: complete }
  denied: { type: reject_access }
"#;

#[tokio::test]
async fn a_user_signs_in_with_a_code_that_works_in_this_browser_alone() -> Tested {
    let folder = configured()?;
    change(&folder, "applications/acme.yaml", "temp_code:\n", CLIENT)?;
    fs::write(folder.path().join("journeys/sign-in-by-support.yaml"), OUTER)?;
    fs::write(folder.path().join("journeys/on-the-phone.yaml"), INNER)?;
    let postern = Postern::serving(folder.path())?;
    let user = unique("jane");
    let (mut own, mut strange) =
        (Flow::begin(&postern, BANK).await?, Flow::begin(&postern, BANK).await?);
    let (asked, number) = identified(&mut own, &user).await?;
    let (elsewhere, _) = identified(&mut strange, &user).await?;
    let mut issuer = postern.issuer("acme-support").await?;
    let code = issuer.issue_code(for_journey(&user, &number)).await?.into_inner().code;
    postern.keep_secret(&code);

    let denied = redeem(&strange, &elsewhere, &code).await?;
    assert_eq!(denied["data"]["state"], "pending", "{denied}");
    let done = redeem(&own, &asked, &code).await?;
    let back = own.back(&done)?;
    assert_eq!(back.get("state"), Some(own.state.as_str()));
    let tokens = own.redeem(&back).await?;
    assert_eq!(back::verified(&postern, &tokens, BANK).await?["sub"], user);
    Ok(())
}

/// The answers to the start and to the user ID, and the number on the page.
async fn identified(flow: &mut Flow<'_>, user: &str) -> anyhow::Result<([Value; 2], String)> {
    let first = flow.start(json!({})).await?;
    let input = json!({"assert": "action", "input": {"external_user_id": user}});
    let asked = flow.answer(&first, &first, &input).await?;
    let step = &asked["data"]["control_flow"][0];
    let number = step["app_data"]["pairing"]["number"].as_str().expect("a number").to_owned();
    Ok(([first, asked], number))
}

async fn redeem(flow: &Flow<'_>, [first, asked]: &[Value; 2], code: &str) -> anyhow::Result<Value> {
    let input = json!({"assert": "action", "input": {"temp_code": code}});
    flow.answer(first, asked, &input).await
}
