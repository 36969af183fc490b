//! Approvals: a second agent decides, and one code at most is collected.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;

use super::*;
use crate::harness::http::OTP_SEND;
use crate::harness::pb::desk::v1::{
    ApprovalRequest, DecideRequestRequest, DecideRequestResponse, ListRequestsRequest,
    RepudiateRequest,
};

impl Desk {
    async fn decide(
        &self,
        token: &str,
        request_id: &str,
        approve: bool,
    ) -> Result<DecideRequestResponse, Status> {
        let request_id = request_id.to_owned();
        let request =
            DecideRequestRequest { request_id, approve, reason: "called back".to_owned() };
        Ok(self.service(token).decide_request(request).await?.into_inner())
    }

    /// Asks for a code for the boss, which needs approval.
    async fn ask(&self, token: &str, ticket: usize) -> anyhow::Result<String> {
        let answer = send(&self.postern, token, issue(BOSS, ticket)).await?;
        assert_eq!((answer.code.as_str(), answer.code_id.as_str()), ("", ""));
        Ok(answer.pending.expect("it waits").request_id)
    }

    async fn list(&self, token: &str) -> anyhow::Result<Vec<ApprovalRequest>> {
        let listed = self.service(token).list_requests(ListRequestsRequest {}).await?;
        Ok(listed.into_inner().requests)
    }

    fn collect(request_id: &str, ticket: usize) -> IssueCodeRequest {
        IssueCodeRequest { request_id: request_id.to_owned(), ..issue(BOSS, ticket) }
    }
}

/// Incident a: a caller with personal data only, an outsourced agent, a privileged user.
#[tokio::test]
async fn a_privileged_user_gets_no_code_without_a_second_person() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let request_id = desk.ask(&agent, 1).await?;
    // Asking again gives no code, and neither does collecting.
    for request in [issue(BOSS, 2), Desk::collect(&request_id, 1)] {
        assert!(send(&desk.postern, &agent, request).await?.pending.is_some());
    }
    assert_eq!(desk.trail("code.issued"), [] as [Value; 0]);

    let lead = desk.agent("lead-1", "lead").await?;
    let listed = desk.list(&lead).await?;
    let request = listed.iter().find(|it| it.request_id == request_id).expect("it waits");
    assert_eq!((request.tier.as_str(), request.cause.as_str()), ("privileged", "tier"));
    assert_eq!(request.user, user_id(BOSS));
    assert_eq!(request.requester.as_ref().expect("an agent").agent_id, "agent-1");
    let decided = desk.decide(&lead, &request_id, true).await?;
    assert_eq!((decided.request.as_ref(), decided.mutual), (Some(request), false));
    let collected = send(&desk.postern, &agent, Desk::collect(&request_id, 1)).await?;
    assert_eq!(desk.postern.verify(BOSS, &collected.code).await?, Ok(()));

    let granted = &desk.trail("approval.granted")[0];
    assert_eq!(
        (&granted["agent_id"], &granted["requester"], &granted["reason"]),
        (&json!("lead-1"), &json!("agent-1"), &json!("called back"))
    );
    assert_eq!(desk.trail("code.issued").len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_requester_an_approver_of_another_tier_and_an_old_sign_in_approve_nothing() -> Tested {
    let desk = Desk::start(POLICY)?;
    let lead = desk.agent("lead-1", "lead").await?;
    let request_id = desk.ask(&lead, 1).await?;
    let team = desk.agent("team-1", "team").await?;
    let old = desk.late_agent("lead-2", "lead").await?;
    let client = desk.postern.token("acme-console").await?;
    let helpdesk = desk.agent("agent-1", "helpdesk").await?;
    for (token, reason) in [
        (&lead, "OWN_REQUEST"),
        (&team, "DESK_TIER"),
        (&old, "SIGN_IN_AGAIN"),
        (&client, "DESK_AGENT_REQUIRED"),
        (&helpdesk, "PERMISSION_DENIED"),
    ] {
        let status = desk.decide(token, &request_id, true).await.expect_err("refused");
        assert_eq!(told(&status), (Code::PermissionDenied, reason.to_owned()));
    }
    // Nobody approves a code for their own account.
    let boss = json!({"sub": "lead-4", "roles": ["lead"], "employee_id": BOSS});
    let boss = desk.agent_with(&boss).await?;
    let status = desk.decide(&boss, &request_id, true).await.expect_err("their own account");
    assert_eq!(told(&status).1, "OWN_ACCOUNT");
    assert_eq!(desk.list(&team).await?, [], "requests of a tier that the agent does not serve");
    let status = desk.decide(&helpdesk, &"0".repeat(32), true).await.expect_err("no right");
    assert_eq!(status.code(), Code::PermissionDenied);
    let other = desk.agent("lead-3", "lead").await?;
    let status = desk.decide(&other, &"0".repeat(32), true).await.expect_err("unknown");
    assert_eq!(told(&status), (Code::NotFound, "REQUEST_NOT_FOUND".to_owned()));

    desk.decide(&other, &request_id, false).await?;
    let denied = send(&desk.postern, &lead, Desk::collect(&request_id, 1)).await;
    assert_eq!(told(&denied.expect_err("denied")).1, "DESK_APPROVAL_DENIED");
    let status = desk.decide(&other, &request_id, true).await.expect_err("decided");
    assert_eq!(told(&status).1, "REQUEST_DECIDED");
    assert_eq!(desk.trail("code.issued"), [] as [Value; 0]);
    Ok(())
}

#[tokio::test]
async fn an_approval_gives_one_code_to_its_requester_for_what_was_asked() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let request_id = desk.ask(&agent, 1).await?;
    let leads = [desk.agent("lead-1", "lead").await?, desk.agent("lead-2", "lead").await?];
    let decided = join_all(leads.iter().map(|it| desk.decide(it, &request_id, true))).await;
    assert_eq!(decided.iter().filter(|it| it.is_ok()).count(), 1, "{decided:?}");

    let other = desk.agent("agent-2", "helpdesk").await?;
    let mut changed = Desk::collect(&request_id, 1);
    changed.context.as_mut().expect("a context").reason = "another".to_owned();
    let for_another = IssueCodeRequest { user: user_id("u-1"), ..Desk::collect(&request_id, 1) };
    for (token, request) in
        [(&other, Desk::collect(&request_id, 1)), (&agent, changed), (&agent, for_another)]
    {
        let status = send(&desk.postern, token, request).await.expect_err("not what was approved");
        assert_eq!(told(&status).1, "DESK_APPROVAL_CHANGED");
    }

    // Each under a key of its own: the first that collects the approval owns it.
    let keyed = |key: usize| IssueCodeRequest {
        idempotency_key: format!("collect-{key}"),
        ..Desk::collect(&request_id, 1)
    };
    let all = (0..20).map(|key| send(&desk.postern, &agent, keyed(key)));
    let collected: Vec<_> = join_all(all).await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(collected.len(), 1);
    assert_eq!(desk.postern.verify(BOSS, &collected[0].code).await?, Ok(()));
    assert_eq!(desk.trail("code.issued").len(), 1);
    Ok(())
}

#[tokio::test]
async fn over_http_a_request_waits_with_202_and_is_collected_by_its_id() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    // With the fields of Mosaic's schema that mean nothing here.
    let mut body = json!({
        "channel": "direct", "identifier_type": "user_id", "identifier": BOSS, "reason": "lost",
        "ticket_ref": "INC0000001", "verification_method": "video", "device_id": "d",
        "approval_data": {"amount": 1}, "client_attributes": {"ip_address": "192.0.2.1"},
    });
    let post = async |body: &Value| {
        let sent = desk.postern.post(OTP_SEND).bearer_auth(&agent).json(body).send().await?;
        anyhow::Ok((sent.status(), sent.json::<Value>().await?))
    };
    let (status, waits) = post(&body).await?;
    assert_eq!(status, StatusCode::ACCEPTED, "{waits}");
    assert_eq!(waits.get("code"), None);
    let request_id = waits["request_id"].as_str().expect("an id").to_owned();
    let lead = desk.agent("lead-1", "lead").await?;
    desk.decide(&lead, &request_id, true).await?;
    body["request_id"] = json!(request_id);
    let (status, sent) = post(&body).await?;
    assert_eq!(status, StatusCode::OK, "{sent}");
    let code = sent["code"].as_str().expect("a code");
    desk.postern.keep_secret(code);
    assert_eq!(desk.postern.verify(BOSS, code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn the_user_is_told_of_the_request_once_then_of_the_code_and_of_its_end() -> Tested {
    let (folder, receiver) = notified(POLICY, "").await?;
    let desk = Desk { postern: Postern::serving(folder.folder.path())?, folder };

    let agent = desk.agent("agent-1", "helpdesk").await?;
    let request_id = desk.ask(&agent, 1).await?;
    let taken = async |event: &str| {
        let is_there = async || Ok(receiver.taken().iter().any(|it| it.event() == event));
        within(Duration::from_secs(30), event, is_there).await
    };
    taken("approval.requested").await?;
    assert!(send(&desk.postern, &agent, Desk::collect(&request_id, 1)).await?.pending.is_some());
    let lead = desk.agent("lead-1", "lead").await?;
    desk.decide(&lead, &request_id, true).await?;
    let issued = send(&desk.postern, &agent, Desk::collect(&request_id, 1)).await?;
    taken("code.issued").await?;
    let (code_id, reason) = (issued.code_id.clone(), "the user called".to_owned());
    desk.service(&lead).repudiate(RepudiateRequest { code_id, reason }).await?;
    taken("code.repudiated").await?;
    let told = receiver.received();
    let [requested, code, repudiated] = &told[..] else { panic!("{told:#?}") };
    assert_eq!(repudiated.body["data"]["code_id"], issued.code_id);
    assert_eq!(requested.body["data"]["request_id"], request_id);
    assert_eq!(requested.body["data"]["origin"]["agent_id"], "agent-1");
    assert_eq!(code.body["data"]["code_id"], issued.code_id);
    assert!([requested, code].iter().all(|it| it.user() == BOSS));
    Ok(())
}
