//! `CodeIssuerService`: issuing, describing and revoking codes.

use std::time::{Duration, SystemTime};

use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::*;

fn issue(user: &str) -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(user), ..Default::default() }
}

async fn state(postern: &Postern, user: &str) -> anyhow::Result<CodeState> {
    let request = DescribeCodeRequest { user: user_id(user) };
    let answer = postern.issuer("acme-support").await?.describe_code(request).await?;
    Ok(answer.into_inner().state())
}

#[expect(clippy::unnecessary_wraps, reason = "a field of a message is optional")]
fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

#[tokio::test]
async fn a_code_lives_for_the_policys_default_or_the_requested_time() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    for (asked, life) in [(None, 300), (seconds(1), 1), (seconds(86_400), 86_400)] {
        let request = IssueCodeRequest { expires_in: asked, ..issue(&unique("jane")) };
        let before = SystemTime::now();
        let issued = issuer.issue_code(request).await?.into_inner();
        let expires_at = SystemTime::try_from(issued.expires_at.expect("an expiry"))?;
        let life = Duration::from_secs(life);
        // Rounding can lose a millisecond.
        assert!(expires_at + Duration::from_millis(1) >= before + life);
        assert!(expires_at <= SystemTime::now() + life);
        assert_eq!(issued.attempts_allowed, 3);
        assert_eq!(issued.code.len(), 12);
        assert!(!issued.code_id.is_empty() && !issued.code_id.contains(&issued.code));
    }
    Ok(())
}

#[tokio::test]
async fn a_life_outside_the_policy_is_refused_with_both_limits() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let fraction = Some(prost_types::Duration { seconds: 1, nanos: 5 });
    for asked in [seconds(0), seconds(-1), seconds(86_401), seconds(i64::MAX), fraction] {
        let request = IssueCodeRequest { expires_in: asked, ..issue(&unique("jane")) };
        let said = malformed(issuer.issue_code(request).await, &["expires_in"]);
        // An invalid duration is refused before it is compared with the policy.
        let compared = asked.is_some_and(|asked| asked.seconds > 0 && asked.nanos == 0);
        assert_eq!(said.contains("1 to 86400"), compared, "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_malformed_issue_names_the_fields() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let long = "x".repeat(129);
    let context = |context| IssueCodeRequest { context: Some(context), ..issue(&unique("jane")) };
    let of = |kind, value: &str| IssueCodeRequest { user: identifier(kind, value), ..issue("") };
    let cases = [
        (IssueCodeRequest::default(), "user"),
        (of(IdentifierType::Unspecified, "jane"), "user.type"),
        (of(IdentifierType::UserId, ""), "user.value"),
        (of(IdentifierType::UserId, &"x".repeat(257)), "user.value"),
        (of(IdentifierType::Email, "jane"), "user.value"),
        (of(IdentifierType::PhoneNumber, "12"), "user.value"),
        (
            IssueCodeRequest { idempotency_key: "white space".to_owned(), ..issue("jane") },
            "idempotency_key",
        ),
        (IssueCodeRequest { idempotency_key: long.clone(), ..issue("jane") }, "idempotency_key"),
        (
            context(IssueContext { agent_id: long.clone(), ..Default::default() }),
            "context.agent_id",
        ),
        (context(IssueContext { reason: long.repeat(4), ..Default::default() }), "context.reason"),
        (
            context(IssueContext { ticket_ref: long.clone(), ..Default::default() }),
            "context.ticket_ref",
        ),
        (
            context(IssueContext { verification_method: long.clone(), ..Default::default() }),
            "context.verification_method",
        ),
    ];
    for (request, field) in cases {
        malformed(issuer.issue_code(request).await, &[field]);
    }
    Ok(())
}

#[tokio::test]
async fn a_new_code_supersedes_the_old_one() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let old = postern.issue(&user).await?;
    let new = postern.issue(&user).await?;
    assert_eq!(postern.verify(&user, &old).await?, Err(RejectionReason::Superseded));
    assert_eq!(postern.verify(&user, &new).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_retried_issue_leaves_the_last_code_valid_and_another_request_is_refused() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let user = unique("jane");
    let request = IssueCodeRequest { idempotency_key: unique("key"), ..issue(&user) };
    let first = issuer.issue_code(request.clone()).await?.into_inner().code;
    let last = issuer.issue_code(request.clone()).await?.into_inner().code;
    let other = IssueCodeRequest { expires_in: seconds(60), ..request };
    refusal(issuer.issue_code(other).await, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    assert_eq!(postern.verify(&user, &first).await?, Err(RejectionReason::Superseded));
    assert_eq!(postern.verify(&user, &last).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_code_is_described_in_each_state_of_its_life() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    assert_eq!(state(&postern, &user).await?, CodeState::None);

    let mut issuer = postern.issuer("acme-support").await?;
    let context = IssueContext { agent_id: "agent-7".to_owned(), ..Default::default() };
    let request = IssueCodeRequest { context: Some(context), ..issue(&user) };
    let issued = issuer.issue_code(request).await?.into_inner();
    let described =
        issuer.describe_code(DescribeCodeRequest { user: user_id(&user) }).await?.into_inner();
    assert_eq!(described.state(), CodeState::Active);
    assert_eq!(described.code_id, issued.code_id);
    assert_eq!(described.expires_at, issued.expires_at);
    assert!(described.issued_at.is_some());
    assert_eq!(described.issued_by_client_id, "acme-support");
    assert_eq!(described.issued_by_agent_id, "agent-7");

    assert_eq!(postern.verify(&user, &issued.code).await?, Ok(()));
    assert_eq!(state(&postern, &user).await?, CodeState::Consumed);

    issuer.issue_code(IssueCodeRequest { expires_in: seconds(1), ..issue(&user) }).await?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(state(&postern, &user).await?, CodeState::Expired);

    let code = postern.issue(&user).await?;
    for _ in 0..3 {
        postern.verify(&user, &another(&code)).await?.expect_err("a wrong code");
    }
    assert_eq!(state(&postern, &user).await?, CodeState::Burned);
    Ok(())
}

#[tokio::test]
async fn a_code_is_revoked_by_its_id_or_its_user_and_twice_is_no_error() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    for by_id in [true, false] {
        let user = unique("jane");
        let issued = issuer.issue_code(issue(&user)).await?.into_inner();
        let target = if by_id {
            revoke_code_request::Target::CodeId(issued.code_id)
        } else {
            revoke_code_request::Target::User(user_id(&user).expect("a user"))
        };
        let request = RevokeCodeRequest { target: Some(target), ..Default::default() };
        assert!(issuer.revoke_code(request.clone()).await?.into_inner().revoked);
        assert!(!issuer.revoke_code(request).await?.into_inner().revoked);
        assert_eq!(state(&postern, &user).await?, CodeState::Revoked);
        assert_eq!(postern.verify(&user, &issued.code).await?, Err(RejectionReason::NoCode));
    }
    malformed(issuer.revoke_code(RevokeCodeRequest::default()).await, &["target"]);
    let garbage = revoke_code_request::Target::CodeId("garbage".to_owned());
    let request = RevokeCodeRequest { target: Some(garbage), ..Default::default() };
    malformed(issuer.revoke_code(request).await, &["code_id"]);
    Ok(())
}

#[tokio::test]
async fn a_retried_revocation_spares_the_code_issued_after_it() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let user = unique("jane");
    let request = |user: &str, key: &str| {
        let target = user_id(user).map(revoke_code_request::Target::User);
        RevokeCodeRequest { target, idempotency_key: key.to_owned(), ..Default::default() }
    };
    let (early, late) = (unique("early"), unique("late"));
    let nothing = issuer.revoke_code(request(&user, &early)).await?.into_inner();
    assert!(!nothing.revoked);
    let id = issuer.issue_code(issue(&user)).await?.into_inner().code_id;
    assert!(issuer.revoke_code(request(&user, &late)).await?.into_inner().revoked);
    let code = postern.issue(&user).await?;
    assert!(!issuer.revoke_code(request(&user, &early)).await?.into_inner().revoked);
    assert!(issuer.revoke_code(request(&user, &late)).await?.into_inner().revoked);
    let target = Some(revoke_code_request::Target::CodeId(id));
    let other = issuer
        .revoke_code(RevokeCodeRequest { target, idempotency_key: late, ..Default::default() })
        .await;
    refusal(other, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_superseded_codes_id_revokes_nothing() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let user = unique("jane");
    let old = issuer.issue_code(issue(&user)).await?.into_inner().code_id;
    let code = postern.issue(&user).await?;
    let target = Some(revoke_code_request::Target::CodeId(old));
    let request = RevokeCodeRequest { target, ..Default::default() };
    assert!(!issuer.revoke_code(request).await?.into_inner().revoked);
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_malformed_description_names_the_field() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("acme-support").await?;
    let answer = issuer.describe_code(DescribeCodeRequest::default()).await;
    let status = answer.expect_err("the request names no user");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.get_details_bad_request().is_some());
    Ok(())
}
