//! Limits: exact across replicas, and an agent who goes on is frozen.

use futures_util::future::join_all;

use super::*;
use crate::harness::apart::Deployment;
use crate::harness::pb::desk::v1::{AgentRef, LiftFreezeRequest};

const STRICT: &str = "\
desk:
  agent: verified
  limits: { agent_per_hour: 10, user_per_day: 2 }
";

/// Issues at that replica. A busy machine may answer too late: a retry elsewhere gets the same admission.
async fn persistently(
    replicas: &[Postern],
    mut at: usize,
    agent: &str,
    request: &IssueCodeRequest,
) -> Result<IssueCodeResponse, Status> {
    loop {
        let answer = send(&replicas[at % replicas.len()], agent, request.clone()).await;
        if !answer.as_ref().is_err_and(|status| status.code() == Code::Unavailable) {
            return answer;
        }
        at += 1;
    }
}

#[tokio::test]
async fn a_hundred_parallel_issues_at_three_replicas_give_as_many_codes_as_the_limit() -> Tested {
    let folder = Folder::with(STRICT)?;
    let deployment = Deployment::of(folder.folder.path())?;
    let replicas = [deployment.replica()?, deployment.replica()?, deployment.replica()?];
    let agent = folder.agent(&replicas[0], "agent-1", "helpdesk").await?;
    let all = (0..100).map(async |user| {
        let request = IssueCodeRequest {
            user: user_id(&format!("u-{user}")),
            idempotency_key: format!("issue-{user}"),
            ..Default::default()
        };
        persistently(&replicas, user, &agent, &request).await
    });
    let mut answers = join_all(all).await;
    let issued = answers.extract_if(.., |answer| answer.is_ok()).count();
    assert_eq!(issued, 10);
    for refused in answers {
        let status = refused.expect_err("above the limit");
        assert_eq!(told(&status), (Code::ResourceExhausted, "DESK_AGENT_LIMIT".to_owned()));
        let retry = status.get_details_retry_info().and_then(|it| it.retry_delay);
        assert!(retry.is_some_and(|wait| wait.as_secs() <= 3600), "{status:?}");
    }
    // The user's own limit holds for all agents together.
    let all = (0..30).map(async |number| {
        let replica = &replicas[number % 3];
        let agent = folder.agent(replica, &format!("other-{number}"), "helpdesk").await?;
        let request = IssueCodeRequest { user: user_id("u-140"), ..Default::default() };
        anyhow::Ok(send(replica, &agent, request).await.is_ok())
    });
    let issued = join_all(all).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    assert_eq!(issued.into_iter().filter(|it| *it).count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_retry_of_a_lost_reply_counts_once_at_any_replica() -> Tested {
    let folder = Folder::with(STRICT)?;
    let deployment = Deployment::of(folder.folder.path())?;
    let replicas = [deployment.replica()?, deployment.replica()?];
    let agent = folder.agent(&replicas[0], "agent-1", "helpdesk").await?;
    for user in 0..10 {
        for attempt in 0..4 {
            let request = IssueCodeRequest {
                user: user_id(&format!("u-{user}")),
                idempotency_key: format!("issue-{user}"),
                ..Default::default()
            };
            persistently(&replicas, attempt, &agent, &request).await?;
        }
    }
    let request = IssueCodeRequest { user: user_id("u-11"), ..Default::default() };
    let status = send(&replicas[0], &agent, request).await.expect_err("the eleventh");
    assert_eq!(told(&status).1, "DESK_AGENT_LIMIT");
    Ok(())
}

/// Incident b.
#[tokio::test]
async fn an_agent_who_issues_for_thirty_users_in_an_hour_is_frozen() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let mut answers = Vec::new();
    for user in 0..30 {
        let answer = send(&desk.postern, &agent, issue(&format!("u-{user}"), user)).await;
        answers.push(match answer {
            Ok(answer) if answer.pending.is_some() => "pending",
            Ok(_) => "issued",
            Err(status) => {
                assert_eq!(told(&status).1, "DESK_FROZEN_AGENT", "{status:?}");
                "refused"
            }
        });
    }
    let expected = [["issued"; 10], ["pending"; 10], ["refused"; 10]].concat();
    assert_eq!(answers, expected);
    assert_eq!(desk.trail("agent.frozen").len(), 1);

    // Other agents go on, and one who may approve lets this one issue again.
    let lead = desk.agent("lead-1", "lead").await?;
    send(&desk.postern, &lead, issue("u-100", 100)).await?;
    let lift = |name: &str| {
        let agent = AgentRef { provider: "acme".to_owned(), agent_id: name.to_owned() };
        LiftFreezeRequest { agent: Some(agent), reason: "a busy day".to_owned() }
    };
    let status = desk.service(&agent).lift_freeze(lift("agent-1")).await.expect_err("no right");
    assert_eq!(status.code(), Code::PermissionDenied);
    let lifted = desk.service(&lead).lift_freeze(lift("agent-1")).await?.into_inner();
    assert!(lifted.lifted);
    let answer = send(&desk.postern, &agent, issue("u-101", 101)).await;
    let frozen = answer.as_ref().err().is_some_and(|it| told(it).1 == "DESK_FROZEN_AGENT");
    assert!(!frozen, "{answer:?}");
    let event = &desk.trail("freeze.lifted")[0];
    assert_eq!(
        (&event["agent_id"], &event["stopped_name"]),
        (&json!("lead-1"), &json!("acme/agent-1"))
    );
    Ok(())
}
