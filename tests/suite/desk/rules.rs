//! The rules of a desk: what an issue must say, and which agents may ask for it.

use reqwest::StatusCode;

use super::*;
use crate::harness::http::{OTP_SEND, refused};
use crate::harness::pb::code::DescribePairingRequest;
use crate::harness::pb::desk::v1::{ExplainIssueRequest, IssueOutlook};

#[tokio::test]
async fn each_issue_says_what_the_policy_requires() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let context = |change: fn(&mut IssueContext)| {
        let mut request = issue("u-1", 1);
        change(request.context.as_mut().expect("a context"));
        request
    };
    for (request, reason) in [
        (context(|it| it.reason.clear()), "DESK_MISSING_FIELD"),
        (context(|it| it.ticket_ref.clear()), "DESK_MISSING_FIELD"),
        (context(|it| it.verification_method.clear()), "DESK_MISSING_FIELD"),
        (context(|it| it.verification_method = "hunch".to_owned()), "DESK_VERIFICATION_METHOD"),
        (context(|it| it.ticket_ref = "INC1".to_owned()), "DESK_TICKET_PATTERN"),
    ] {
        let status = send(&desk.postern, &agent, request).await.expect_err("refused");
        assert_eq!(told(&status), (Code::FailedPrecondition, reason.to_owned()), "{status:?}");
    }
    // A ticket belongs to the first user for whom a code was admitted.
    send(&desk.postern, &agent, issue("u-1", 1)).await?;
    let status = send(&desk.postern, &agent, issue("u-2", 1)).await.expect_err("taken");
    assert_eq!(told(&status).1, "DESK_TICKET_TAKEN");
    let events = desk.trail("issue.refused");
    let refusals: Vec<_> = events.iter().map(|it| it["refusal"].as_str()).collect();
    assert_eq!(refusals[..2], [Some("missing_field"), Some("missing_field")]);
    assert_eq!(refusals.last(), Some(&Some("ticket_taken")));
    assert!(events.iter().all(|it| it["agent_id"] == "agent-1"), "{events:#?}");
    assert_eq!(desk.trail("code.issued").len(), 1);
    Ok(())
}

/// Incident d.
#[tokio::test]
async fn a_stolen_client_secret_without_an_agent_issues_nothing() -> Tested {
    let desk = Desk::start(POLICY)?;
    let stolen = desk.postern.token("acme-console").await?;
    let status = send(&desk.postern, &stolen, issue("u-1", 1)).await.expect_err("no agent");
    assert_eq!(told(&status), (Code::PermissionDenied, "DESK_AGENT_REQUIRED".to_owned()));
    let body = serde_json::json!({
        "channel": "direct", "identifier_type": "user_id", "identifier": "u-1", "reason": "x",
        "ticket_ref": "INC0000001", "verification_method": "video", "agent_id": "agent-1",
    });
    let sent = desk.postern.post(OTP_SEND).bearer_auth(&stolen).json(&body).send().await?;
    let message = refused(sent, StatusCode::FORBIDDEN, "desk_agent_required").await?;
    assert!(message.contains("exchange"), "{message}");
    let clear = ClearLockoutRequest { user: user_id("u-1"), ..Default::default() };
    let mut verifier = desk.postern.verifier_with(Some(stolen.clone()));
    let status = verifier.clear_lockout(clear).await.expect_err("no agent");
    assert_eq!(told(&status).1, "DESK_AGENT_REQUIRED");
    let lockout = DescribeLockoutRequest { user: user_id("u-1") };
    let status = verifier.describe_lockout(lockout).await.expect_err("no agent");
    assert_eq!(told(&status).1, "DESK_AGENT_REQUIRED");
    let mut issuer = desk.postern.issuer_with(Some(stolen.clone()));
    let code = DescribeCodeRequest { user: user_id("u-1") };
    let status = issuer.describe_code(code).await.expect_err("no agent");
    assert_eq!(told(&status).1, "DESK_AGENT_REQUIRED");
    let pairing =
        DescribePairingRequest { user: user_id("u-1"), pairing_number: "123456".to_owned() };
    let status = issuer.describe_pairing(pairing).await.expect_err("no agent");
    assert_eq!(told(&status).1, "DESK_AGENT_REQUIRED");
    assert_eq!(desk.trail("code.issued"), [] as [Value; 0]);
    assert_eq!(desk.trail("agent.denied")[0]["refusal"], "agent_required");
    Ok(())
}

#[tokio::test]
async fn an_agent_serves_the_tiers_of_their_roles_and_no_account_that_may_be_their_own() -> Tested {
    let desk = Desk::start(POLICY)?;
    let junior = desk.agent("agent-1", "junior").await?;
    let status = send(&desk.postern, &junior, issue(BOSS, 1)).await.expect_err("not their tier");
    assert_eq!(told(&status), (Code::PermissionDenied, "DESK_TIER".to_owned()));
    // The limits of neither group would hold for an agent of two.
    let claims = json!({"sub": "agent-2", "roles": ["helpdesk", "lead"], "employee_id": "e-2"});
    let two = desk.agent_with(&claims).await?;
    let status = send(&desk.postern, &two, issue("u-1", 1)).await.expect_err("two groups");
    assert_eq!(told(&status).1, "SEVERAL_GROUPS");
    // The provider tells user ids of agents, and no e-mail addresses.
    let email = identifier(IdentifierType::Email, "u-1@acme.example");
    let request = IssueCodeRequest { user: email, ..issue("u-1", 1) };
    let status = send(&desk.postern, &junior, request).await.expect_err("unchecked");
    assert_eq!(told(&status).1, "UNCHECKED_IDENTIFIER");
    Ok(())
}

#[tokio::test]
async fn an_explanation_says_what_an_issue_would_meet_and_counts_nothing() -> Tested {
    let desk = Desk::start(POLICY)?;
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let mut service = desk.service(&agent);
    for _ in 0..20 {
        let issue = Some(IssueCodeRequest { user: user_id("u-1"), ..Default::default() });
        let told = service.explain_issue(ExplainIssueRequest { issue }).await?.into_inner();
        assert_eq!(told.outlook(), IssueOutlook::Refused);
        assert_eq!(told.outlook_if_complete(), IssueOutlook::Admitted);
        assert_eq!((told.rule.as_str(), told.tier.as_str()), ("missing_field", "standard"));
        assert_eq!(told.required, ["reason", "ticket_ref", "verification_method"]);
        assert!(told.limits.iter().all(|it| it.used == 0), "{told:?}");
    }
    let told = service.explain_issue(ExplainIssueRequest { issue: Some(issue(BOSS, 1)) }).await?;
    assert_eq!(told.get_ref().outlook(), IssueOutlook::NeedsApproval);
    let unknown = ExplainIssueRequest { issue: Some(issue("nobody", 1)) };
    let status = service.explain_issue(unknown).await.expect_err("unknown");
    assert_eq!(super::told(&status).1, "USER_NOT_FOUND");
    let looks = desk.trail("issue.explained");
    assert_eq!(looks.len(), 22);
    assert!(looks[0].get("subject").is_some() && looks[21].get("subject").is_none());
    assert_eq!(told.get_ref().rule, "tier");
    send(&desk.postern, &agent, issue("u-1", 1)).await?;
    let told = service.explain_issue(ExplainIssueRequest { issue: Some(issue("u-1", 1)) }).await?;
    let used: Vec<_> = told.get_ref().limits.iter().map(|it| it.used).collect();
    assert_eq!(used, [1, 1, 1]);
    Ok(())
}

#[tokio::test]
async fn an_application_without_a_desk_issues_as_before() -> Tested {
    let desk = Desk::start("")?;
    let token = desk.postern.token("acme-console").await?;
    let request = IssueCodeRequest { user: user_id(BOSS), ..Default::default() };
    assert!(send(&desk.postern, &token, request.clone()).await?.pending.is_none());
    let collecting = IssueCodeRequest { request_id: "0".repeat(32), ..request.clone() };
    let status = send(&desk.postern, &token, collecting).await.expect_err("there is no desk");
    assert_eq!(told(&status).1, "DESK_OFF");
    let explain = ExplainIssueRequest { issue: Some(request) };
    let status = desk.service(&token).explain_issue(explain).await.expect_err("there is no desk");
    assert_eq!(told(&status).1, "DESK_OFF");
    Ok(())
}
