//! Pairing at the services: a code for one journey, the number that leads to it, and what the agent
//! learns about it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::http::{for_user, refused};
use crate::harness::pairing::{BROWSER, Waiting, for_journey, journey, waiting};
use crate::harness::pb::code::BrowserFamily;
use crate::harness::postern::{change, copy_of_config};
use crate::harness::trail::events;
use crate::harness::*;

const ACME: &str = "applications/acme.yaml";
/// A client that may not exist where each code is paired.
const VERIFYING: &str = "scopes: [codes:verify, codes:reason]";

#[tokio::test]
async fn a_paired_code_works_in_its_own_journey_alone() -> Tested {
    let desk = Waiting::start().await?;
    let (user, own, code) = desk.user().await?;
    let denied = Err(RejectionReason::NotPaired);
    for binding in [None, Some(journey())] {
        for guess in [&code, &another(&code)] {
            assert_eq!(desk.verify(&user, guess, binding, BROWSER).await?, denied, "{binding:?}");
        }
    }
    assert_eq!(desk.postern.verify(&user, &code).await?, denied, "from a login backend");
    let wrong = desk.verify(&user, &another(&code), Some(own), BROWSER).await?;
    assert_eq!(wrong, Err(RejectionReason::WrongCode));
    assert_eq!(desk.verify(&user, &code, Some(own), BROWSER).await?, Ok(()));

    let describe = DescribeCodeRequest { user: user_id(&user) };
    let described = desk.postern.issuer("acme-support").await?.describe_code(describe).await?;
    assert!(described.get_ref().paired);
    Ok(())
}

#[tokio::test]
async fn an_agent_finds_a_journey_by_its_number_until_it_is_withdrawn() -> Tested {
    let desk = Waiting::start().await?;
    let (user, binding) = (unique("jane"), journey());
    let number = desk.pair(&user, binding).await?;
    assert_eq!(desk.pair(&user, binding).await?, number, "a journey keeps its number");
    assert_eq!(number.len(), 6);
    let spoken = format!("{} {}", &number[..3], &number[3..]);
    let described = desk.describe(&user, &spoken).await??;
    let facts = described.facts.expect("facts");
    assert_eq!((&*facts.source_address, facts.browser_family()), (BROWSER, BrowserFamily::Firefox));
    let [opened, number_ends, session_ends] =
        [facts.opened_at, described.expires_at, described.session_expires_at]
            .map(|at| at.expect("an instant").seconds);
    assert!((600..=610).contains(&(number_ends - opened)), "{number_ends} after {opened}");
    assert!((3600..=3610).contains(&(session_ends - opened)), "{session_ends} after {opened}");

    let others = desk.describe(&unique("joe"), &number).await?;
    refusal(others, Code::FailedPrecondition, "PAIRING_NOT_FOUND");
    desk.withdraw(&user, binding).await?;
    desk.withdraw(&user, binding).await?;
    let gone = desk.describe(&user, &number).await?;
    refusal(gone, Code::FailedPrecondition, "PAIRING_NOT_FOUND");
    malformed(desk.describe(&user, "12345").await?, &["pairing_number"]);
    Ok(())
}

#[tokio::test]
async fn a_number_that_leads_nowhere_issues_no_code() -> Tested {
    let desk = Waiting::start().await?;
    let user = unique("jane");
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let status = issuer.issue_code(for_journey(&user, "123456")).await.expect_err("refused");
    assert!(status.message().contains("check the identifier and its type"), "{status:?}");
    refusal::<()>(Err(status), Code::FailedPrecondition, "PAIRING_NOT_FOUND");
    malformed(issuer.issue_code(for_journey(&user, "1234567")).await, &["pairing_number"]);
    let mut body = for_user(&user);
    body["pairing_number"] = json!("123 456");
    let answer = desk.postern.otp_send("acme-support", &body).await?;
    let told = refused(answer, StatusCode::CONFLICT, "pairing_not_found").await?;
    assert!(told.contains("ask the caller to read the number again"), "{told}");
    let trail = events(&desk.postern.printed());
    let told = trail.iter().filter(|event| event["refusal"] == "pairing_not_found").count();
    assert_eq!(told, 2);
    Ok(())
}

#[tokio::test]
async fn a_code_over_http_is_paired_if_its_request_has_a_number() -> Tested {
    let desk = Waiting::start().await?;
    let (user, binding) = (unique("jane"), journey());
    let mut body = for_user(&user);
    let unpaired: Value = desk.postern.otp_send("acme-support", &body).await?.json().await?;
    assert_eq!(unpaired.get("paired"), None, "the answer is as it was before there were numbers");
    body["pairing_number"] = json!(desk.pair(&user, binding).await?);
    let paired: Value = desk.postern.otp_send("acme-support", &body).await?.json().await?;
    assert_eq!(paired["paired"], true);
    let code = paired["code"].as_str().expect("a code");
    desk.postern.keep_secret(code);
    assert_eq!(desk.verify(&user, code, Some(binding), BROWSER).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_code_does_not_outlive_its_journey() -> Tested {
    let desk = Waiting::start().await?;
    let (user, binding) = (unique("jane"), journey());
    let number = desk.pair(&user, binding).await?;
    let expires_in = |seconds| IssueCodeRequest {
        expires_in: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..for_journey(&user, &number)
    };
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let limit = malformed(issuer.issue_code(expires_in(3601)).await, &["expires_in"]);
    assert!(limit.starts_with("must be from 1 to 35") || limit.contains("3600"), "{limit}");
    // The number stays valid: the agent can ask for a shorter life in the same call.
    let code = issuer.issue_code(expires_in(3000)).await?.into_inner().code;
    assert_eq!(desk.verify(&user, &code, Some(binding), BROWSER).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn where_pairing_is_required_no_other_code_is_issued_or_accepted() -> Tested {
    let folder = copy_of_config()?;
    change(&folder, ACME, VERIFYING, "scopes: [codes:reason]")?;
    change(&folder, ACME, "scopes: [codes:verify]", "scopes: [codes:read]")?;
    let desk = Waiting::serving(folder.path()).await?;
    let user = unique("jane");
    let before = desk.postern.issue(&user).await?;
    change(&folder, ACME, "  length: 12", "  length: 12\n  pairing: required")?;
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let unpaired = IssueCodeRequest { user: user_id(&unique("joe")), ..Default::default() };
    within(Duration::from_secs(20), "the policy is in force", async || {
        Ok(issuer.issue_code(unpaired.clone()).await.is_err())
    })
    .await?;
    let status = issuer.issue_code(unpaired).await.expect_err("refused");
    let details = status.get_details_bad_request().expect("a violation").field_violations;
    assert_eq!(details[0].field, "pairing_number");
    refusal::<()>(Err(status), Code::InvalidArgument, "PAIRING_REQUIRED");
    let sent = desk.postern.otp_send("acme-support", &for_user(&unique("joe"))).await?;
    refused(sent, StatusCode::BAD_REQUEST, "pairing_required").await?;

    let denied = desk.verify(&user, &before, Some(journey()), BROWSER).await?;
    assert_eq!(denied, Err(RejectionReason::NotPaired), "a code of the earlier policy");
    let (user, binding, code) = desk.user().await?;
    assert_eq!(desk.verify(&user, &code, Some(binding), BROWSER).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn a_policy_without_pairing_pairs_nothing() -> Tested {
    let folder = copy_of_config()?;
    change(&folder, ACME, "  length: 12", "  length: 12\n  pairing: off")?;
    let desk = Waiting::serving(folder.path()).await?;
    let user = unique("jane");
    refusal(desk.pair(&user, journey()).await, Code::FailedPrecondition, "PAIRING_OFF");
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let issued = issuer.issue_code(for_journey(&user, "123456")).await;
    refusal(issued, Code::FailedPrecondition, "PAIRING_OFF");
    let described = desk.describe(&user, "123456").await?;
    refusal(described, Code::FailedPrecondition, "PAIRING_OFF");
    let code = desk.postern.issue(&user).await?;
    assert_eq!(desk.verify(&user, &code, None, BROWSER).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn paired_and_unpaired_codes_have_locks_of_their_own() -> Tested {
    let desk = Waiting::start().await?;
    let (user, binding) = (unique("jane"), journey());
    let number = desk.pair(&user, binding).await?;
    let code = desk.issue(&user, &number).await?;
    for _ in 0..3 {
        let denied = desk.verify(&user, &another(&code), Some(binding), BROWSER).await?;
        assert!(denied.is_err());
    }
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let again = issuer.issue_code(for_journey(&user, &number)).await;
    refusal(again, Code::FailedPrecondition, "USER_LOCKED");
    let mut verifier = desk.postern.verifier("acme-support").await?;
    let describe = DescribeLockoutRequest { user: user_id(&user) };
    let lockout = verifier.describe_lockout(describe.clone()).await?.into_inner();
    assert_eq!((lockout.failures, lockout.locked_until), (0, None));
    let paired = lockout.paired.expect("failures at paired codes");
    assert_eq!((paired.failures, paired.consecutive_failures), (3, 3));
    assert!(paired.locked_until.is_some());

    let unpaired = desk.postern.issue(&user).await?;
    for _ in 0..3 {
        assert!(desk.verify(&user, &another(&unpaired), None, BROWSER).await?.is_err());
    }
    let clear = ClearLockoutRequest { user: user_id(&user), ..Default::default() };
    let cleared = verifier.clear_lockout(clear).await?.into_inner();
    assert_eq!((cleared.lock_cleared, cleared.failures_cleared), (true, 6));
    let lockout = verifier.describe_lockout(describe).await?.into_inner();
    assert_eq!((lockout.failures, lockout.locked_until, lockout.paired), (0, None, None));
    let code = desk.issue(&user, &number).await?;
    assert_eq!(desk.verify(&user, &code, Some(binding), BROWSER).await?, Ok(()));
    Ok(())
}

#[tokio::test]
async fn one_source_has_five_waiting_journeys_of_a_user() -> Tested {
    let desk = Waiting::start().await?;
    let user = unique("jane");
    let journeys: Vec<_> = std::iter::repeat_with(journey).take(5).collect();
    for binding in &journeys {
        desk.pair(&user, *binding).await?;
    }
    let status = desk.pair(&user, journey()).await.expect_err("refused");
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(600)), "{status:?}");
    refusal::<()>(Err(status), Code::ResourceExhausted, "PAIRINGS_EXHAUSTED");
    desk.pair(&user, journeys[0]).await?;
    desk.pair(&unique("joe"), journey()).await?;
    desk.withdraw(&user, journeys[1]).await?;
    desk.pair(&user, journey()).await?;
    Ok(())
}

#[tokio::test]
async fn every_mistake_of_a_pairing_is_told_at_once() -> Tested {
    use crate::harness::pb::code::{PairJourneyRequest, WithdrawPairingRequest};

    let desk = Waiting::start().await?;
    let mut runner = desk.runner();
    let nothing = PairJourneyRequest::default();
    let fields = ["user", "binding", "facts", "session_expires_at"];
    malformed(runner.pair_journey(nothing).await, &fields);
    let short = PairJourneyRequest { binding: vec![7; 15], ..waiting("jane", journey()) };
    malformed(runner.pair_journey(short).await, &["binding"]);
    let nothing = WithdrawPairingRequest::default();
    malformed(runner.withdraw_pairing(nothing).await, &["user", "binding"]);
    let binding = vec![7; 17];
    let user = user_id("jane");
    let code = "123456123456".to_owned();
    let long = VerifyCodeRequest { user, code, binding, ..Default::default() };
    malformed(runner.verify_code(long).await, &["binding"]);
    Ok(())
}
