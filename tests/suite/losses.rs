//! Answers of the verifier that do not reach the journey runner: it retries with the same
//! idempotency key, so no code and no guess is lost.

use serde_json::json;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::lossy::Lossy;
use crate::harness::pages::{answer_step, form, submission};
use crate::harness::postern::config;
use crate::harness::*;

#[tokio::test]
async fn a_lost_answer_costs_neither_a_code_nor_a_guess() -> Tested {
    let lossy = Lossy::start().await?;
    let deployment = Deployment::of(&config())?.through(&lossy);
    let postern = deployment.replica()?;
    let mut support = postern.verifier("acme-support").await?;
    for turn in 1..=10 {
        let user = unique("jane");
        let code = postern.issue(&user).await?;
        lossy.lose_one();
        assert_eq!(postern.redeem(&user, &another(&code)).await?.0, "rejected", "{turn}");
        let describe = DescribeLockoutRequest { user: user_id(&user) };
        let lockout = support.describe_lockout(describe).await?.into_inner();
        assert_eq!(lockout.failures, 1, "{turn}: one guess, sent twice");
        lossy.lose_one();
        assert_eq!(postern.redeem(&user, &code).await?.0, "completed", "{turn}");
        assert_eq!(postern.redeem(&user, &code).await?.0, "rejected", "{turn}: it is used up");
        assert_eq!(lossy.lost(), turn * 2, "the answers were lost");
    }
    Ok(())
}

#[tokio::test]
async fn a_form_continues_after_a_lost_answer() -> Tested {
    let lossy = Lossy::start().await?;
    let deployment = Deployment::of(&config())?.through(&lossy);
    let postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let first = form(&postern).await?;
    lossy.lose_one();
    let input = json!({"external_user_id": user, "temp_code": code});
    let form = submission(&first, &first, &json!({"assert": "action", "input": input}));
    let answer = answer_step(&postern, &first, &form).await?.error_for_status()?;
    let answer: serde_json::Value = answer.json().await?;
    postern.keep_secret(answer["data"]["token"].as_str().expect("a token"));
    assert_eq!((answer["data"]["state"].as_str(), lossy.lost()), (Some("completed"), 1));
    Ok(())
}
