//! "This was not me": a code that its user repudiates ends with its tokens, and the user is blocked until
//! an agent who may approve lifts that.

use super::*;
use crate::harness::keys::now;
use crate::harness::pb::desk::v1::{LiftRepudiationRequest, RepudiateRequest, RepudiateResponse};

const VERIFIED: &str = "desk: { agent: verified }\n";

async fn repudiate(desk: &Desk, token: &str, code: &str) -> Result<RepudiateResponse, Status> {
    let (code_id, reason) = (code.to_owned(), "the user called".to_owned());
    let repudiated = desk.service(token).repudiate(RepudiateRequest { code_id, reason }).await?;
    Ok(repudiated.into_inner())
}

async fn lift(desk: &Desk, token: &str, user: &str) -> Result<bool, Status> {
    let (user, reason) = (user_id(user), "seen in person".to_owned());
    let request = LiftRepudiationRequest { user, reason };
    Ok(desk.service(token).lift_repudiation(request).await?.into_inner().lifted)
}

/// I28.
#[tokio::test]
async fn a_repudiated_code_blocks_its_user_until_a_lift() -> Tested {
    let desk = Desk::start(VERIFIED)?;
    let (agent, lead) =
        (desk.agent("agent-1", "helpdesk").await?, desk.agent("lead-1", "lead").await?);
    let request = || IssueCodeRequest { user: user_id("u-1"), ..Default::default() };
    let issued = send(&desk.postern, &agent, request()).await?;
    for token in [&agent, &desk.postern.token("acme-console").await?] {
        let status = repudiate(&desk, token, &issued.code_id).await.expect_err("refused");
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let first = repudiate(&desk, &lead, &issued.code_id).await?;
    let ends = first.blocked_until.as_ref().map(|at| at.seconds.unsigned_abs() - now());
    assert!(ends.is_some_and(|left| (86_390..=86_410).contains(&left)), "{first:?}");
    let again = repudiate(&desk, &lead, &issued.code_id).await?;
    assert_eq!((first.repeated, again.repeated), (false, true));
    assert_eq!(again.blocked_until, first.blocked_until, "it acts once");

    for guess in [issued.code.clone(), another(&issued.code)] {
        assert_eq!(desk.postern.verify("u-1", &guess).await?, Err(RejectionReason::Blocked));
    }
    let status = send(&desk.postern, &agent, request()).await.expect_err("the user is blocked");
    assert_eq!(told(&status), (Code::FailedPrecondition, "USER_BLOCKED".to_owned()));
    let other = IssueCodeRequest { user: user_id("u-2"), ..Default::default() };
    let other = send(&desk.postern, &agent, other).await?;

    let old = desk.late_agent("lead-2", "lead").await?;
    let status = lift(&desk, &old, "u-1").await.expect_err("the sign-in is old");
    assert_eq!(told(&status), (Code::PermissionDenied, "SIGN_IN_AGAIN".to_owned()));
    assert!(lift(&desk, &lead, "u-1").await?);
    assert!(!lift(&desk, &lead, "u-1").await?, "lifted once");
    let next = send(&desk.postern, &agent, request()).await?;
    let after = repudiate(&desk, &lead, &next.code_id).await?;
    assert_eq!((after.blocked_until, after.repeated), (None, false), "a lift lasts for a day");
    assert_eq!(desk.postern.verify("u-1", &next.code).await?, Err(RejectionReason::NoCode));

    let (start, last) = other.code_id.split_at(other.code_id.len() - 1);
    let foreign = format!("{start}{}", if last == "A" { "Q" } else { "A" });
    malformed(
        desk.service(&lead)
            .repudiate(RepudiateRequest { code_id: foreign, ..Default::default() })
            .await,
        &["code_id"],
    );
    let written = desk.trail("code.repudiated");
    let replayed: Vec<_> = written.iter().map(|event| event["replayed"].clone()).collect();
    assert_eq!(replayed, [json!(false), json!(true), json!(false)]);
    assert_eq!(
        (&written[0]["agent_id"], &written[0]["reason"]),
        (&json!("lead-1"), &json!("the user called"))
    );
    assert_eq!(desk.trail("repudiation.lifted").len(), 1);
    Ok(())
}
