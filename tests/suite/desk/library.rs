//! The desk through the Rust client library: each call, and each refusal as its variant.

use client::{
    AgentToken, BrakeTarget, CallError, Client, Credentials, DeskRefusal, Secret, Target,
};

use super::*;
use crate::harness::http::TOKEN;

impl Desk {
    fn library(&self) -> anyhow::Result<Client> {
        let credentials = Credentials {
            token_endpoint: format!("http://{}{TOKEN}", self.postern.at.http),
            client_id: "acme-console".to_owned(),
            secret: Secret::Text("acme-console-secret".into()),
            tls: None,
        };
        Ok(Client::new(credentials, None)?)
    }

    fn issuer_url(&self) -> String {
        format!("http://{}", self.postern.at.issuer)
    }

    /// An agent with these roles, who signed in so many seconds ago.
    async fn signed_in(&self, name: &str, roles: &[&str], ago: u64) -> anyhow::Result<AgentToken> {
        let claims = json!({
            "sub": name, "roles": roles, "employee_id": format!("e-{name}"),
            "auth_time": now() - ago,
        });
        let id_token = self.folder.provider.id_token(&claims)?;
        self.postern.keep_secret(&id_token);
        Ok(self.library()?.exchange(&id_token.into()).await?)
    }
}

fn request(name: &str, ticket: usize, request_id: &str) -> client::IssueCodeRequest {
    let context = client::IssueContext {
        reason: "lost phone".to_owned(),
        ticket_ref: format!("INC{ticket:07}"),
        verification_method: "video".to_owned(),
        ..Default::default()
    };
    let request_id = request_id.to_owned();
    let user = client::user(client::IdentifierType::UserId, name);
    client::IssueCodeRequest { user, context: Some(context), request_id, ..Default::default() }
}

fn decision(request_id: &str, approve: bool) -> client::DecideRequestRequest {
    let (request_id, reason) = (request_id.to_owned(), "called back".to_owned());
    client::DecideRequestRequest { request_id, approve, reason }
}

fn brake(target: Target, life: Option<i64>) -> client::SetBrakeRequest {
    client::SetBrakeRequest {
        target: Some(BrakeTarget { target: Some(target) }),
        expires_in: life.map(|seconds| prost_types::Duration { seconds, nanos: 0 }),
        reason: "an incident".to_owned(),
    }
}

#[tokio::test]
async fn a_request_is_explained_listed_approved_and_collected() -> Tested {
    let desk = Desk::start(POLICY)?;
    let library = desk.library()?;
    let url = desk.issuer_url();
    let agent = desk.signed_in("agent-1", &["helpdesk"], 0).await?;
    let lead = desk.signed_in("lead-1", &["lead"], 0).await?;
    let issuer = library.code_issuer(&url)?.acting_as(&agent);
    let desks = library.desk(&url)?;
    let (of_agent, of_lead) = (desks.acting_as(&agent), desks.acting_as(&lead));

    let explained = of_agent.explain_issue(request(BOSS, 1, "")).await?;
    assert_eq!((explained.tier.as_str(), explained.rule.as_str()), ("privileged", "tier"));
    let pending = issuer.issue_code(request(BOSS, 1, "")).await?.pending.clone();
    let request_id = pending.expect("it waits").request_id;
    let listed = of_lead.list_requests().await?;
    assert_eq!(listed.iter().map(|it| &it.request_id).collect::<Vec<_>>(), [&request_id]);

    let late = desks.acting_as(&desk.signed_in("lead-2", &["lead"], 360).await?);
    let refused = late.decide_request(decision(&request_id, true)).await;
    assert!(matches!(refused, Err(CallError::SignInAgain)), "{refused:?}");
    let refused = desks.decide_request(decision(&request_id, true)).await;
    let required = CallError::Desk(DeskRefusal::AgentRequired).to_string();
    assert_eq!(refused.map_err(|it| it.to_string()).err(), Some(required));
    let refused = of_lead.decide_request(decision(&"0".repeat(32), true)).await;
    assert!(matches!(refused, Err(CallError::RequestNotFound)), "{refused:?}");

    let own = library.code_issuer(&url)?.acting_as(&lead);
    let pending = own.issue_code(request(BOSS, 2, "")).await?.pending.clone();
    let own = pending.expect("it waits").request_id;
    let refused = of_lead.decide_request(decision(&own, true)).await;
    assert!(matches!(refused, Err(CallError::OwnRequest)), "{refused:?}");

    let decided = of_lead.decide_request(decision(&request_id, true)).await?;
    assert_eq!(decided.request.map(|it| it.request_id).as_ref(), Some(&request_id));
    let refused = of_lead.decide_request(decision(&request_id, false)).await;
    assert!(matches!(refused, Err(CallError::RequestDecided)), "{refused:?}");
    let collected = issuer.issue_code(request(BOSS, 1, &request_id)).await?;
    desk.postern.keep_secret(&collected.code);
    assert_eq!(desk.postern.verify(BOSS, &collected.code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn brakes_freezes_and_blocks_are_set_and_lifted() -> Tested {
    let desk = Desk::start(POLICY)?;
    let (library, url) = (desk.library()?, desk.issuer_url());
    let agent = desk.signed_in("agent-1", &["helpdesk"], 0).await?;
    let guard = desk.signed_in("guard-1", &["security"], 0).await?;
    let lead = desk.signed_in("lead-1", &["lead"], 0).await?;
    let issuer = library.code_issuer(&url)?.acting_as(&agent);
    let desks = library.desk(&url)?;
    let (of_guard, of_lead) = (desks.acting_as(&guard), desks.acting_as(&lead));

    let everyone = || Target::Application(true);
    assert!(of_guard.set_brake(brake(everyone(), Some(600))).await?.expires_at.is_some());
    let stopped = issuer.issue_code(request("u-1", 1, "")).await;
    assert!(matches!(stopped, Err(CallError::Desk(DeskRefusal::Brake))), "{stopped:?}");
    let both = desk.signed_in("agent-9", &["helpdesk", "security"], 0).await?;
    let own = desks.acting_as(&both).set_brake(brake(everyone(), None)).await;
    assert!(matches!(own, Err(CallError::OwnStop)), "{own:?}");
    assert_eq!(of_guard.set_brake(brake(everyone(), None)).await?.expires_at, None);

    let issued = issuer.issue_code(request("u-1", 1, "")).await?;
    desk.postern.keep_secret(&issued.code);
    let (code_id, reason) = (issued.code_id.clone(), "the user called".to_owned());
    let repudiated = of_lead.repudiate(client::RepudiateRequest { code_id, reason }).await?;
    assert!(repudiated.blocked_until.is_some() && !repudiated.repeated);
    let blocked = issuer.issue_code(request("u-1", 1, "")).await;
    assert!(matches!(blocked, Err(CallError::UserBlocked { .. })), "{blocked:?}");
    let user = client::user(client::IdentifierType::UserId, "u-1");
    let lift = client::LiftRepudiationRequest { user, reason: "seen in person".to_owned() };
    assert!(of_lead.lift_repudiation(lift).await?.lifted);

    let frozen = client::AgentRef { provider: "acme".to_owned(), agent_id: "agent-1".to_owned() };
    let lift = client::LiftFreezeRequest { agent: Some(frozen), reason: String::new() };
    assert!(!of_lead.lift_freeze(lift).await?.lifted, "the agent was not frozen");

    let groups = desk.signed_in("agent-8", &["helpdesk", "lead"], 0).await?;
    let several = library.code_issuer(&url)?.acting_as(&groups);
    let several = several.issue_code(request("u-2", 2, "")).await;
    assert!(matches!(several, Err(CallError::SeveralGroups)), "{several:?}");
    Ok(())
}
