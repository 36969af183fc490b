//! Failures are counted, lock a user, and are cleared by support.

use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::pb::code::DescribeLockoutResponse;
use crate::harness::verify_code_response::Outcome;
use crate::harness::*;

/// A user with three failures.
async fn locked(postern: &Postern) -> anyhow::Result<String> {
    let user = unique("jane");
    let wrong = another(&postern.issue(&user).await?);
    for _ in 0..3 {
        postern.verify(&user, &wrong).await?.expect_err("a wrong code");
    }
    Ok(user)
}

fn issue(user: &str, override_lockout: bool) -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(user), override_lockout, ..Default::default() }
}

#[tokio::test]
async fn failures_are_counted_until_they_lock_the_user() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let wrong = another(&postern.issue(&user).await?);
    assert_eq!(postern.lockout(&user).await?, DescribeLockoutResponse::default());
    for failures in 1..=3 {
        postern.verify(&user, &wrong).await?.expect_err("a wrong code");
        let described = postern.lockout(&user).await?;
        assert_eq!((described.failures, described.consecutive_failures), (failures, failures));
        assert_eq!(described.locked_until.is_some(), failures == 3);
        assert!(!described.disabled);
    }
    let until = postern.lockout(&user).await?.locked_until;
    assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::Locked));
    assert_eq!(postern.lockout(&user).await?.locked_until, until, "a lock is not extended");
    Ok(())
}

#[tokio::test]
async fn a_stranger_cannot_lock_a_user_who_has_no_code() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    for _ in 0..10 {
        assert_eq!(postern.verify(&user, "000000000000").await?, Err(RejectionReason::NoCode));
    }
    let code = postern.issue(&user).await?;
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_new_code_does_not_renew_the_guesses() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    for _ in 0..2 {
        let wrong = another(&postern.issue(&user).await?);
        assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::WrongCode));
    }
    let wrong = another(&postern.issue(&user).await?);
    assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::Burned));
    Ok(())
}

#[tokio::test]
async fn clearing_a_lockout_removes_it_and_returns_its_former_state() -> Tested {
    let postern = Postern::start()?;
    let user = locked(&postern).await?;
    let mut verifier = postern.verifier("acme-support").await?;
    let request = ClearLockoutRequest {
        user: user_id(&user),
        agent_id: "agent-7".to_owned(),
        reason: "called back".to_owned(),
        idempotency_key: unique("key"),
    };
    let cleared = verifier.clear_lockout(request.clone()).await?.into_inner();
    assert!(cleared.lock_cleared && !cleared.disabled_cleared);
    assert_eq!(cleared.failures_cleared, 3);
    assert_eq!(postern.lockout(&user).await?, DescribeLockoutResponse::default());
    let again = ClearLockoutRequest { idempotency_key: unique("key"), ..request.clone() };
    let again = verifier.clear_lockout(again).await?.into_inner();
    assert!(!again.lock_cleared && again.failures_cleared == 0);

    let code = postern.issue(&user).await?;
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));

    let long = ClearLockoutRequest { agent_id: "x".repeat(129), ..request.clone() };
    malformed(verifier.clear_lockout(long).await, &["agent_id"]);
    let long = ClearLockoutRequest { reason: "x".repeat(513), ..request.clone() };
    malformed(verifier.clear_lockout(long).await, &["reason"]);
    let without_user = ClearLockoutRequest { user: None, ..request };
    malformed(verifier.clear_lockout(without_user).await, &["user"]);
    malformed(verifier.describe_lockout(DescribeLockoutRequest::default()).await, &["user"]);
    Ok(())
}

#[tokio::test]
async fn a_retried_clearing_spares_the_lock_set_after_it() -> Tested {
    let postern = Postern::start()?;
    let user = locked(&postern).await?;
    let mut verifier = postern.verifier("acme-support").await?;
    let request = ClearLockoutRequest {
        user: user_id(&user),
        idempotency_key: unique("key"),
        ..Default::default()
    };
    let cleared = verifier.clear_lockout(request.clone()).await?.into_inner();
    assert!(cleared.lock_cleared);
    let wrong = another(&postern.issue(&user).await?);
    for _ in 0..3 {
        postern.verify(&user, &wrong).await?.expect_err("a wrong code");
    }
    let again = verifier.clear_lockout(request.clone()).await?.into_inner();
    assert_eq!(again, cleared, "it tells what there was");
    assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::Locked));

    let target = user_id(&user).map(revoke_code_request::Target::User);
    let other = RevokeCodeRequest {
        target,
        idempotency_key: request.idempotency_key,
        ..Default::default()
    };
    let other = postern.issuer("acme-support").await?.revoke_code(other).await;
    refusal(other, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    Ok(())
}

#[tokio::test]
async fn a_locked_user_gets_no_code_unless_the_issuer_may_override_the_lock() -> Tested {
    let postern = Postern::start()?;
    let user = locked(&postern).await?;
    let mut support = postern.issuer("acme-support").await?;
    let metadata = refusal(
        support.issue_code(issue(&user, false)).await,
        Code::FailedPrecondition,
        "USER_LOCKED",
    );
    assert!(metadata.contains_key("locked_until"), "{metadata:?}");

    let status = support.issue_code(issue(&user, true)).await.expect_err("no scope to override");
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("lockouts:override"), "{status:?}");

    let mut overriding = postern.issuer("acme-override").await?;
    let code = overriding.issue_code(issue(&user, true)).await?.into_inner().code;
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_lock_can_be_overridden_three_times_a_day() -> Tested {
    let postern = Postern::start()?;
    let user = locked(&postern).await?;
    let mut overriding = postern.issuer("acme-override").await?;
    for _ in 0..3 {
        let code = overriding.issue_code(issue(&user, true)).await?.into_inner().code;
        while postern.verify(&user, &another(&code)).await? != Err(RejectionReason::Locked) {}
    }
    let fourth = overriding.issue_code(issue(&user, true)).await;
    refusal(fourth, Code::ResourceExhausted, "OVERRIDE_QUOTA_EXCEEDED");
    Ok(())
}

#[tokio::test]
async fn a_hundred_failures_in_a_row_disable_the_user_until_support_acts() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let mut issuer = postern.issuer("patient-support").await?;
    let mut support = postern.verifier("patient-support").await?;
    let mut verifier = postern.verifier("patient-verifier").await?;
    let code = issuer.issue_code(issue(&user, false)).await?.into_inner().code;
    let verify =
        VerifyCodeRequest { user: user_id(&user), code: another(&code), ..Default::default() };
    let mut last = None;
    for _ in 0..101 {
        last = verifier.verify_code(verify.clone()).await?.into_inner().outcome;
    }
    match last {
        Some(Outcome::Rejected(rejected)) => {
            assert_eq!(rejected.reason(), RejectionReason::Disabled);
        }
        other => panic!("not rejected: {other:?}"),
    }
    refusal(
        issuer.issue_code(issue(&user, false)).await,
        Code::FailedPrecondition,
        "USER_DISABLED",
    );

    let clear = ClearLockoutRequest { user: user_id(&user), ..Default::default() };
    assert!(support.clear_lockout(clear).await?.into_inner().disabled_cleared);
    let code = issuer.issue_code(issue(&user, false)).await?.into_inner().code;
    // Letter codes are read in either case, and look-alike characters as the letters that they
    // resemble.
    let verify = VerifyCodeRequest { code: code.to_lowercase(), ..verify };
    let outcome = verifier.verify_code(verify).await?.into_inner().outcome;
    assert!(matches!(outcome, Some(Outcome::Accepted(_))), "{outcome:?}");
    Ok(())
}

#[tokio::test]
async fn codes_are_issued_up_to_the_hourly_quota() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let mut issuer = postern.issuer("acme-support").await?;
    for _ in 0..100 {
        issuer.issue_code(issue(&user, false)).await?;
    }
    let answer = issuer.issue_code(issue(&user, false)).await;
    if let Err(status) = &answer {
        assert!(status.get_details_retry_info().is_some(), "{status:?}");
    }
    refusal(answer, Code::ResourceExhausted, "ISSUE_QUOTA_EXCEEDED");
    Ok(())
}
