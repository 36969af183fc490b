//! `VerifierService.VerifyCode`: redeeming a code without a journey.

use std::time::Duration;

use futures_util::future::join_all;
use tonic::Code;

use crate::Tested;
use crate::harness::verify_code_response::Outcome;
use crate::harness::*;

fn attempt(user: &str, code: &str) -> VerifyCodeRequest {
    VerifyCodeRequest { user: user_id(user), code: code.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_right_code_is_accepted_once_and_the_answer_names_the_user() -> Tested {
    let postern = Postern::start()?;
    let mut verifier = postern.verifier("acme-plain-verifier").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let context = VerifyContext { correlation_id: unique("trail"), ..Default::default() };
    let request = VerifyCodeRequest { context: Some(context), ..attempt(&user, &code) };
    match verifier.verify_code(request.clone()).await?.into_inner().outcome {
        Some(Outcome::Accepted(accepted)) => {
            assert_eq!(accepted.user_id, user);
            assert!(!accepted.grant_id.is_empty() && !accepted.code_id.is_empty());
        }
        other => panic!("not accepted: {other:?}"),
    }
    let again = verifier.verify_code(request).await?.into_inner().outcome;
    assert_eq!(
        again,
        Some(Outcome::Rejected(Rejected::default())),
        "and no reason without its scope"
    );
    Ok(())
}

#[tokio::test]
async fn a_caller_with_the_reason_scope_is_told_each_reason() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    assert_eq!(postern.verify(&user, "123456123456").await?, Err(RejectionReason::NoCode));

    let mut issuer = postern.issuer("acme-support").await?;
    let short = prost_types::Duration { seconds: 1, nanos: 0 };
    let request =
        IssueCodeRequest { user: user_id(&user), expires_in: Some(short), ..Default::default() };
    let expired = issuer.issue_code(request).await?.into_inner().code;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(postern.verify(&user, &expired).await?, Err(RejectionReason::Expired));

    let replaced = postern.issue(&user).await?;
    let code = postern.issue(&user).await?;
    let wrong = another(&code);
    assert_eq!(postern.verify(&user, &replaced).await?, Err(RejectionReason::Superseded));
    assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::WrongCode));
    assert_eq!(postern.verify(&user, &wrong).await?, Err(RejectionReason::Burned));

    let mut verifier = postern.verifier("acme-verifier").await?;
    match verifier.verify_code(attempt(&user, &code)).await?.into_inner().outcome {
        Some(Outcome::Rejected(rejected)) => {
            assert_eq!(rejected.reason(), RejectionReason::Locked);
            assert!(rejected.locked_until.is_some());
        }
        other => panic!("not rejected: {other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_code_of_one_user_or_type_is_not_accepted_for_another() -> Tested {
    let postern = Postern::start()?;
    let (jane, joe) = (unique("jane"), unique("joe"));
    let code = postern.issue(&jane).await?;
    postern.issue(&joe).await?;
    assert_eq!(postern.verify(&joe, &code).await?, Err(RejectionReason::WrongCode));

    let mut verifier = postern.verifier("acme-verifier").await?;
    let user = identifier(IdentifierType::Username, &jane);
    let request = VerifyCodeRequest { user, code: code.clone(), ..Default::default() };
    match verifier.verify_code(request).await?.into_inner().outcome {
        Some(Outcome::Rejected(rejected)) => assert_eq!(rejected.reason(), RejectionReason::NoCode),
        other => panic!("not rejected: {other:?}"),
    }
    assert_eq!(postern.verify(&jane, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_code_of_one_application_is_not_accepted_in_another() -> Tested {
    let postern = Postern::start()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut foreign = postern.verifier("patient-verifier").await?;
    let outcome = foreign.verify_code(attempt(&user, &code)).await?.into_inner().outcome;
    assert!(matches!(outcome, Some(Outcome::Rejected(_))), "{outcome:?}");
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_retry_with_the_same_key_has_the_same_outcome_and_counts_once() -> Tested {
    let postern = Postern::start()?;
    let mut verifier = postern.verifier("acme-verifier").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;

    let wrong =
        VerifyCodeRequest { idempotency_key: unique("key"), ..attempt(&user, &another(&code)) };
    let first = verifier.verify_code(wrong.clone()).await?.into_inner();
    for _ in 0..5 {
        assert_eq!(verifier.verify_code(wrong.clone()).await?.into_inner(), first);
    }
    let other_code = VerifyCodeRequest { code: code.clone(), ..wrong.clone() };
    refusal(verifier.verify_code(other_code).await, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    let other_user = VerifyCodeRequest { user: user_id(&unique("joe")), ..wrong };
    refusal(verifier.verify_code(other_user).await, Code::Aborted, "IDEMPOTENCY_CONFLICT");

    let right = VerifyCodeRequest { idempotency_key: unique("key"), ..attempt(&user, &code) };
    let first = verifier.verify_code(right.clone()).await?.into_inner();
    assert!(matches!(first.outcome, Some(Outcome::Accepted(_))), "{first:?}");
    assert_eq!(verifier.verify_code(right).await?.into_inner(), first);
    Ok(())
}

#[tokio::test]
async fn of_concurrent_redemptions_one_is_accepted() -> Tested {
    let postern = Postern::start()?;
    let verifier = postern.verifier("acme-verifier").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let attempts = (0..200).map(|_| {
        let (mut verifier, request) = (verifier.clone(), attempt(&user, &code));
        async move { verifier.verify_code(request).await }
    });
    let mut accepted = 0;
    for answer in join_all(attempts).await {
        let outcome = answer?.into_inner().outcome;
        accepted += u32::from(matches!(outcome, Some(Outcome::Accepted(_))));
    }
    assert_eq!(accepted, 1);
    Ok(())
}

#[tokio::test]
async fn of_concurrent_wrong_guesses_three_are_compared() -> Tested {
    let postern = Postern::start()?;
    let verifier = postern.verifier("acme-verifier").await?;
    let user = unique("jane");
    let wrong = another(&postern.issue(&user).await?);
    let attempts = (0..200).map(|_| {
        let (mut verifier, request) = (verifier.clone(), attempt(&user, &wrong));
        async move { verifier.verify_code(request).await }
    });
    let mut compared = 0;
    for answer in join_all(attempts).await {
        match answer?.into_inner().outcome {
            Some(Outcome::Rejected(rejected)) => {
                let counted = [RejectionReason::WrongCode, RejectionReason::Burned];
                compared += u32::from(counted.contains(&rejected.reason()));
            }
            other => panic!("not rejected: {other:?}"),
        }
    }
    assert_eq!(compared, 3);
    Ok(())
}

#[tokio::test]
async fn a_malformed_attempt_names_the_field_and_counts_nothing() -> Tested {
    let postern = Postern::start()?;
    let mut verifier = postern.verifier("acme-verifier").await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let long = "x".repeat(129);
    let context = |correlation_id: &str, journey_id: &str| VerifyCodeRequest {
        context: Some(VerifyContext {
            correlation_id: correlation_id.to_owned(),
            journey_id: journey_id.to_owned(),
            ..Default::default()
        }),
        ..attempt(&user, &code)
    };
    let of = |kind, value: &str| VerifyCodeRequest {
        user: identifier(kind, value),
        ..attempt(&user, &code)
    };
    let cases = [
        (VerifyCodeRequest { user: None, ..attempt(&user, &code) }, "user"),
        (of(IdentifierType::Unspecified, &user), "user.type"),
        (of(IdentifierType::UserId, " "), "user.value"),
        (of(IdentifierType::UserId, "a\u{200b}b"), "user.value"),
        (of(IdentifierType::Email, &user), "user.value"),
        (attempt(&user, ""), "code"),
        (attempt(&user, " - - "), "code"),
        (attempt(&user, &"1".repeat(65)), "code"),
        (context(&long, ""), "context.correlation_id"),
        (context("", &long), "context.journey_id"),
        (
            VerifyCodeRequest { idempotency_key: long.clone(), ..attempt(&user, &code) },
            "idempotency_key",
        ),
    ];
    for (request, field) in cases {
        malformed(verifier.verify_code(request).await, &[field]);
    }
    assert_eq!(postern.lockout(&user).await?.failures, 0);
    assert_eq!(postern.verify(&user, &code).await?, Ok(()));
    Ok(())
}
