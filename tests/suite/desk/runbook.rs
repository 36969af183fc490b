//! The runbooks of the desk in `deploy/runbooks.md`: their commands do what they say.

use tempfile::TempDir;

use super::*;
use crate::documentation::{self, steps::shell};
use crate::harness::pb::desk::v1::{
    AgentRef, BrakeTarget, LiftRepudiationRequest, RepudiateRequest, SetBrakeRequest,
    SuspendLagRuleRequest, brake_target::Target,
};

/// The shell commands of a section.
fn commands(section: &str) -> anyhow::Result<Vec<String>> {
    let text = documentation::page("deploy/runbooks.md")?;
    let heading = format!("## {section}\n");
    let (_, rest) = text.split_once(&heading).expect("the section is there");
    let text = rest.split("\n## ").next().unwrap_or_default();
    Ok(page::blocks(text, "sh"))
}

/// The rpc that a grpcurl command calls, and its request.
fn call(command: &str) -> anyhow::Result<(String, Value)> {
    let rpc = command.split_whitespace().next_back().unwrap_or_default();
    let (_, rest) = command.split_once("-d '").expect("a request");
    let request = rest.split('\'').next().unwrap_or_default();
    Ok((rpc.to_owned(), serde_json::from_str(request)?))
}

fn seconds(request: &Value) -> Option<prost_types::Duration> {
    let text = request["expires_in"].as_str()?.strip_suffix('s')?;
    Some(prost_types::Duration { seconds: text.parse().ok()?, nanos: 0 })
}

#[tokio::test]
async fn an_incident_is_stopped_looked_at_and_cleaned_up() -> Tested {
    let [brake, look] = &commands("Answer an incident at the desk")?[..] else {
        panic!("two blocks of commands");
    };
    let desk = Desk::start("desk: { agent: verified }\n")?;
    let agent = desk.agent("agent-7", "helpdesk").await?;
    let ask = |user: &str| IssueCodeRequest { user: user_id(user), ..Default::default() };
    let stolen = send(&desk.postern, &agent, ask("u-1")).await?;
    let other = send(&desk.postern, &agent, ask("u-2")).await?;
    assert_eq!(desk.postern.verify("u-1", &stolen.code).await?, Ok(()));

    // Stop.
    let (rpc, request) = call(brake)?;
    assert_eq!(rpc, "postern.desk.v1.DeskService/SetBrake");
    let named = json!({"agent": {"provider": "acme", "agent_id": "agent-7"}});
    assert_eq!(request["target"], named);
    let own = AgentRef { provider: "acme".to_owned(), agent_id: "agent-7".to_owned() };
    let target = Some(BrakeTarget { target: Some(Target::Agent(own)) });
    let reason = request["reason"].as_str().expect("a reason").to_owned();
    let set = SetBrakeRequest { target: target.clone(), expires_in: seconds(&request), reason };
    assert!(set.expires_in.is_some(), "{request}");
    let security = desk.agent("guard-1", "security").await?;
    desk.service(&security).set_brake(set).await?;
    let stopped = send(&desk.postern, &agent, ask("u-3")).await.expect_err("stopped");
    assert_eq!(told(&stopped).1, "DESK_BRAKE");

    // Look.
    let folder = TempDir::new()?;
    let printed = desk.postern.printed();
    let log: Vec<_> = printed.lines().filter(|line| line.starts_with('{')).collect();
    fs::write(folder.path().join("audit.log"), log.join("\n"))?;
    let printed = shell(folder.path(), look)?;
    let seen: Vec<Value> = printed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let issued = |code_id: &str| {
        seen.iter().any(|it| it["action"] == "code.issued" && it["code_id"] == code_id)
    };
    assert!(issued(&stolen.code_id) && issued(&other.code_id), "{printed}");
    let redeemed = seen.iter().filter(|it| it.get("source").is_some());
    let redeemed: Vec<_> = redeemed.map(|it| it["code_id"].clone()).collect();
    assert_eq!(redeemed, [json!(stolen.code_id)], "{printed}");

    // Clean up.
    let lead = desk.agent("lead-1", "lead").await?;
    let ended = RepudiateRequest { code_id: other.code_id, ..Default::default() };
    desk.service(&lead).repudiate(ended).await?;
    let verified = desk.postern.verify("u-2", &other.code).await?;
    assert_eq!(verified, Err(RejectionReason::Blocked));
    let lift = LiftRepudiationRequest { user: user_id("u-2"), ..Default::default() };
    assert!(desk.service(&lead).lift_repudiation(lift).await?.into_inner().lifted);
    let release = SetBrakeRequest { target, ..Default::default() };
    desk.service(&security).set_brake(release).await?;
    send(&desk.postern, &agent, ask("u-2")).await?;
    Ok(())
}

#[tokio::test]
async fn the_rule_for_late_notices_is_suspended_by_the_command_of_its_runbook() -> Tested {
    let [suspend] = &commands("Answer late notices")?[..] else { panic!("one command") };
    let (rpc, request) = call(suspend)?;
    assert_eq!(rpc, "postern.desk.v1.DeskService/SuspendLagRule");
    let (folder, _receiver) = notifying("").await?;
    let postern = Postern::serving(folder.folder.path())?;
    let security = folder.agent(&postern, "guard-1", "security").await?;
    let reason = request["reason"].as_str().expect("a reason").to_owned();
    let request = SuspendLagRuleRequest { expires_in: seconds(&request), reason };
    let told = postern.desk_with(Some(security)).suspend_lag_rule(request).await?.into_inner();
    assert!(told.expires_at.is_some(), "{told:?}");
    Ok(())
}
