//! Brakes: they stop issuing on every replica within a second, and their release is a decision.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{interval, sleep};

use super::*;
use crate::harness::apart::Deployment;
use crate::harness::pb::desk::v1::{AgentRef, BrakeTarget, SetBrakeRequest, brake_target::Target};

const MINUTES: prost_types::Duration = prost_types::Duration { seconds: 600, nanos: 0 };

fn brake(target: Target, expires_in: Option<prost_types::Duration>) -> SetBrakeRequest {
    let target = Some(BrakeTarget { target: Some(target) });
    SetBrakeRequest { target, expires_in, reason: "an incident".to_owned() }
}

#[tokio::test]
async fn a_brake_stops_every_replica_within_a_second_under_load() -> Tested {
    let folder = Folder::with("desk: { agent: verified }\n")?;
    let deployment = Deployment::of(folder.folder.path())?;
    let replicas = [deployment.replica()?, deployment.replica()?, deployment.replica()?];
    let agent = folder.agent(&replicas[0], "agent-1", "helpdesk").await?;
    let security = folder.agent(&replicas[0], "guard-1", "security").await?;
    let begun = Instant::now();
    let request = |user: usize| IssueCodeRequest {
        user: user_id(&format!("u-{user}")),
        ..Default::default()
    };
    // Issues for three seconds, at a pace that stays below the client's rate on each replica. Notes when
    // each request was sent, and whether it got a code.
    let load = (0..12).map(async |worker| {
        let mut sent = Vec::new();
        let mut pace = interval(Duration::from_millis(25));
        while begun.elapsed() < Duration::from_secs(3) {
            pace.tick().await;
            let at = begun.elapsed();
            let answer = send(&replicas[worker % 3], &agent, request(worker)).await;
            let refused = answer.err().map(|status| told(&status).1);
            assert!(refused.as_ref().is_none_or(|it| it == "DESK_BRAKE"), "{refused:?}");
            sent.push((at, refused.is_none()));
        }
        sent
    });
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        let mut service = replicas[0].desk_with(Some(security.clone()));
        let set = service.set_brake(brake(Target::Application(true), Some(MINUTES))).await?;
        anyhow::Ok((begun.elapsed(), set.into_inner().expires_at))
    };
    let (sent, stopped) = tokio::join!(join_all(load), stop);
    let (stopped_at, expires_at) = stopped?;
    assert!(expires_at.is_some());
    let sent = sent.concat();
    let limit = stopped_at + Duration::from_secs(1);
    assert!(sent.iter().any(|(at, issued)| *at < stopped_at && *issued), "it issued before");
    let late: Vec<_> = sent.iter().filter(|(at, _)| *at > limit).collect();
    assert!(!late.is_empty() && late.iter().all(|(_, issued)| !issued), "{late:?}");
    Ok(())
}

#[tokio::test]
async fn a_brake_stops_what_it_names_and_only_a_recent_sign_in_releases_it() -> Tested {
    let desk = Desk::start("desk: { agent: verified }\n")?;
    let security = desk.agent("guard-1", "security").await?;
    let [outsourced, lead] =
        [desk.agent("agent-1", "helpdesk").await?, desk.agent("lead-1", "lead").await?];
    let stopped = async |token: &str| {
        let request = IssueCodeRequest { user: user_id("u-1"), ..Default::default() };
        let answer = send(&desk.postern, token, request).await;
        answer.err().map(|status| told(&status).1)
    };
    let group = || Target::Group("outsourced".to_owned());
    desk.service(&security).set_brake(brake(group(), Some(MINUTES))).await?;
    assert_eq!(stopped(&outsourced).await.as_deref(), Some("DESK_BRAKE"));
    assert_eq!(stopped(&lead).await, None);
    // Setting one needs neither an agent nor a recent sign-in.
    let client = desk.postern.token("acme-console").await?;
    desk.service(&client).set_brake(brake(Target::Application(true), Some(MINUTES))).await?;
    assert_eq!(stopped(&lead).await.as_deref(), Some("DESK_BRAKE"));

    let old = desk.late_agent("guard-2", "security").await?;
    for (token, reason) in
        [(&old, "SIGN_IN_AGAIN"), (&client, "DESK_AGENT_REQUIRED"), (&lead, "PERMISSION_DENIED")]
    {
        let release = brake(Target::Application(true), None);
        let status = desk.service(token).set_brake(release).await.expect_err("refused");
        assert_eq!(told(&status), (Code::PermissionDenied, reason.to_owned()));
    }
    // Those who may issue cannot release what stops them.
    let both = json!({
        "sub": "agent-9", "roles": ["helpdesk", "security"], "employee_id": "e-9",
    });
    let both = desk.agent_with(&both).await?;
    let own = AgentRef { provider: "acme".to_owned(), agent_id: "agent-9".to_owned() };
    for target in [Target::Application(true), group(), Target::Agent(own)] {
        let status = desk.service(&both).set_brake(brake(target, None)).await.expect_err("own");
        assert_eq!(told(&status), (Code::PermissionDenied, "OWN_STOP".to_owned()));
    }
    desk.service(&security).set_brake(brake(Target::Application(true), None)).await?;
    assert_eq!(stopped(&lead).await, None);
    assert_eq!(stopped(&outsourced).await.as_deref(), Some("DESK_BRAKE"));
    let long = prost_types::Duration { seconds: 8 * 24 * 3600, nanos: 0 };
    malformed(desk.service(&security).set_brake(brake(group(), Some(long))).await, &["expires_in"]);

    let set = desk.trail("brake.set");
    assert_eq!(
        (&set[0]["stopped"], &set[0]["stopped_name"]),
        (&json!("group"), &json!("outsourced"))
    );
    assert_eq!(set[1]["reason"], "an incident");
    assert_eq!(desk.trail("brake.released").len(), 1);
    Ok(())
}

#[tokio::test]
async fn one_brake_too_many_is_refused_with_what_to_do() -> Tested {
    let desk = Desk::start("desk: { agent: verified }\n")?;
    let security = desk.agent("guard-1", "security").await?;
    let set = async |number: usize| {
        let agent_id = format!("agent-{number}");
        let agent = AgentRef { provider: "acme".to_owned(), agent_id };
        desk.service(&security).set_brake(brake(Target::Agent(agent), Some(MINUTES))).await
    };
    for number in 0..200 {
        set(number).await?;
    }
    let status = set(200).await.expect_err("there are 200");
    assert_eq!(told(&status), (Code::FailedPrecondition, "TOO_MANY_BRAKES".to_owned()));
    assert!(status.message().contains("release one, or stop the whole application"), "{status:?}");
    let all = brake(Target::Application(true), Some(MINUTES));
    desk.service(&security).set_brake(all).await?;
    Ok(())
}
