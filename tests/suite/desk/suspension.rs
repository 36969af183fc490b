//! The rule that notices must not be late: who may suspend it, for how long, and what that does.

use std::time::Duration;

use super::*;
use crate::harness::pb::desk::v1::{ListRequestsRequest, SuspendLagRuleRequest};
use crate::harness::receiver::Manner;

const SOON: Duration = Duration::from_secs(30);
const HOUR: i64 = 3600;

fn suspend(seconds: Option<i64>) -> SuspendLagRuleRequest {
    let expires_in = seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
    SuspendLagRuleRequest { expires_in, reason: "mail gateway down".to_owned() }
}

#[tokio::test]
async fn the_brake_role_lets_codes_be_issued_although_notices_are_late_for_at_most_a_day() -> Tested
{
    let (folder, receiver) = notifying(", max_lag: 1s").await?;
    receiver.behaves("", Manner::Answers(503));
    let postern = Postern::serving(folder.folder.path())?;
    let desk = Desk { postern, folder };
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let security = desk.agent("guard-1", "security").await?;
    let issues = async || {
        let request = IssueCodeRequest { user: user_id("u-1"), ..Default::default() };
        match send(&desk.postern, &agent, request).await {
            Ok(_) => anyhow::Ok(true),
            Err(status) if told(&status).1 == "NOTICES_DELAYED" => Ok(false),
            Err(status) => Err(status.into()),
        }
    };
    within(SOON, "issuing stops", async || Ok(!issues().await?)).await?;

    let late = desk.late_agent("guard-2", "security").await?;
    let lead = desk.agent("lead-1", "lead").await?;
    let client = desk.postern.token("acme-console").await?;
    for (token, reason) in
        [(&lead, "PERMISSION_DENIED"), (&late, "SIGN_IN_AGAIN"), (&client, "DESK_AGENT_REQUIRED")]
    {
        let refused = desk.service(token).suspend_lag_rule(suspend(Some(HOUR))).await;
        assert_eq!(told(&refused.expect_err("refused")).1, reason);
    }
    let long = desk.service(&security).suspend_lag_rule(suspend(Some(24 * HOUR + 1))).await;
    malformed(long, &["expires_in"]);
    let until = async || {
        let listed = desk.service(&security).list_requests(ListRequestsRequest {}).await?;
        anyhow::Ok(listed.into_inner().lag_rule_suspended_until)
    };
    assert_eq!(until().await?, None);
    assert!(!issues().await?, "a refused suspension has no effect");

    let told_until = desk.service(&security).suspend_lag_rule(suspend(Some(24 * HOUR))).await?;
    let told_until = told_until.into_inner().expires_at.expect("an end");
    let listed = until().await?.expect("an end");
    assert!((listed.seconds - told_until.seconds).abs() <= 1, "{listed:?} {told_until:?}");
    within(SOON, "codes are issued", issues).await?;
    let suspended = "postern_notices_suspended_applications";
    within(SOON, "it is seen", async || Ok(desk.postern.metric(suspended).await? == 1)).await?;
    let ended = desk.service(&security).suspend_lag_rule(suspend(None)).await?;
    assert_eq!((ended.into_inner().expires_at, until().await?), (None, None));
    within(SOON, "issuing stops again", async || Ok(!issues().await?)).await?;

    let begun = desk.trail("lag_rule.suspended");
    assert_eq!(begun.len(), 1);
    assert_eq!(
        (&begun[0]["agent_id"], &begun[0]["reason"], begun[0]["until"].is_string()),
        (&json!("guard-1"), &json!("mail gateway down"), true)
    );
    assert_eq!(desk.trail("lag_rule.resumed").len(), 1);
    Ok(())
}

#[tokio::test]
async fn without_a_receiver_there_is_no_rule_to_suspend() -> Tested {
    let desk = Desk::start("desk: { agent: verified }\n")?;
    let security = desk.agent("guard-1", "security").await?;
    let refused = desk.service(&security).suspend_lag_rule(suspend(Some(HOUR))).await;
    malformed(refused, &["expires_in"]);
    Ok(())
}
