//! What a stranger who knows a user ID can do to that user's code: at a paired code nothing, and at an
//! unpaired one as much as one source may. And what of pairing is in the logs: the trail, and no secret.

use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;

use crate::Tested;
use crate::harness::pairing::{BROWSER, Waiting, for_journey, journey};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::scan::leaks;
use crate::harness::trail::events;
use crate::harness::*;

/// The users of the attack.
const USERS: usize = 50;
const ACME: &str = "applications/acme.yaml";

#[tokio::test]
async fn no_stranger_burns_a_paired_code() -> Tested {
    let desk = Waiting::start().await?;
    let mut lost = 0;
    for _ in 0..USERS {
        let (user, own, code) = desk.user().await?;
        // Without a journey, in one of the stranger's own that has paired for the same user, from the
        // owner's address and from others, with more guesses than the policy allows.
        let theirs = journey();
        desk.pair(&user, theirs).await?;
        for (turn, binding) in [None, Some(theirs), None, Some(theirs), None].iter().enumerate() {
            let source = if turn == 0 { BROWSER.to_owned() } else { format!("198.51.100.{turn}") };
            let denied = desk.verify(&user, &another(&code), *binding, &source).await?;
            assert_eq!(denied, Err(RejectionReason::NotPaired));
        }
        lost += usize::from(desk.verify(&user, &code, Some(own), BROWSER).await?.is_err());
    }
    figure(&format!("{lost} of {USERS} paired codes lost"));
    assert_eq!(lost, 0);
    Ok(())
}

#[tokio::test]
async fn a_lock_by_strangers_leaves_the_next_paired_code_alone() -> Tested {
    let desk = Waiting::start().await?;
    let (user, own) = (unique("jane"), journey());
    let unpaired = desk.postern.issue(&user).await?;
    for _ in 0..3 {
        assert!(desk.verify(&user, &another(&unpaired), None, "198.51.100.1").await?.is_err());
    }
    let locked = desk.verify(&user, &unpaired, None, BROWSER).await?;
    assert_eq!(locked, Err(RejectionReason::Locked));
    let number = desk.pair(&user, own).await?;
    let code = desk.issue(&user, &number).await?;
    assert_eq!(desk.verify(&user, &code, Some(own), BROWSER).await?, Ok(()));
    Ok(())
}

/// A configuration with thirty attempts a code, three of them for one source.
fn thirty_attempts() -> anyhow::Result<TempDir> {
    let folder = copy_of_config()?;
    let policy = "  length: 12\n  failed_attempts: 30\n  attempts_per_source: 3";
    change(&folder, ACME, "  length: 12", policy)?;
    Ok(folder)
}

#[tokio::test]
async fn one_source_takes_no_code_and_thirty_burn_it_at_the_thirtieth_attempt() -> Tested {
    let folder = thirty_attempts()?;
    let desk = Waiting::serving(folder.path()).await?;
    let user = unique("jane");
    let code = desk.postern.issue(&user).await?;
    let wrong = another(&code);
    for attempt in 1..=40 {
        let denied = desk.verify(&user, &wrong, None, "198.51.100.1").await?;
        let reason = if attempt <= 3 {
            RejectionReason::WrongCode
        } else {
            RejectionReason::SourceExhausted
        };
        assert_eq!(denied, Err(reason), "attempt {attempt}");
    }
    let exhausted = desk.verify(&user, &code, None, "198.51.100.1").await?;
    assert_eq!(exhausted, Err(RejectionReason::SourceExhausted), "the right code comes too late");
    let describe = DescribeCodeRequest { user: user_id(&user) };
    let described = desk.postern.issuer("acme-support").await?.describe_code(describe).await?;
    assert_eq!(described.get_ref().exhausted_sources, 1);
    assert_eq!(desk.verify(&user, &code, None, BROWSER).await?, Ok(()));

    // Addresses of one IPv6 site are one source.
    let code = desk.postern.issue(&user).await?;
    for host in 1..=4 {
        let source = format!("2001:db8:7:{host}::1");
        let denied = desk.verify(&user, &another(&code), None, &source).await?;
        let is_exhausted = denied == Err(RejectionReason::SourceExhausted);
        assert_eq!(is_exhausted, host == 4, "{source}: {denied:?}");
    }

    let user = unique("joe");
    let code = desk.postern.issue(&user).await?;
    for source in 1..=30 {
        let address = format!("198.51.100.{source}");
        let denied = desk.verify(&user, &another(&code), None, &address).await?;
        let reason = if source < 30 { RejectionReason::WrongCode } else { RejectionReason::Burned };
        assert_eq!(denied, Err(reason), "source {source}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_address_the_client_is_the_source() -> Tested {
    let folder = thirty_attempts()?;
    let desk = Waiting::serving(folder.path()).await?;
    let user = unique("jane");
    let code = desk.postern.issue(&user).await?;
    for _ in 0..3 {
        assert!(desk.postern.verify(&user, &another(&code)).await?.is_err());
    }
    let exhausted = desk.postern.verify(&user, &code).await?;
    assert_eq!(exhausted, Err(RejectionReason::SourceExhausted));
    assert_eq!(desk.verify(&user, &code, None, "").await?, Ok(()), "another client");
    Ok(())
}

#[tokio::test]
async fn a_retry_in_another_journey_is_a_conflict() -> Tested {
    let desk = Waiting::start().await?;
    let (user, own, code) = desk.user().await?;
    let attempt = |binding: [u8; 16]| VerifyCodeRequest {
        user: user_id(&user),
        code: another(&code),
        binding: binding.into(),
        idempotency_key: "one-attempt".to_owned(),
        ..Default::default()
    };
    let mut runner = desk.runner();
    let first = runner.verify_code(attempt(own)).await?.into_inner();
    assert_eq!(runner.verify_code(attempt(own)).await?.into_inner(), first);
    let other = runner.verify_code(attempt(journey())).await;
    refusal(other, Code::Aborted, "IDEMPOTENCY_CONFLICT");
    Ok(())
}

#[tokio::test]
async fn pairing_is_in_the_trail_and_its_secrets_are_in_no_log() -> Tested {
    let desk = Waiting::start().await?;
    let (mut numbers, mut bindings) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let (user, binding) = (unique("jane"), journey());
        bindings.push(String::from_utf8(binding.to_vec())?);
        let number = desk.pair(&user, binding).await?;
        desk.describe(&user, &number).await??;
        let code = desk.issue(&user, &number).await?;
        assert!(desk.verify(&user, &another(&code), None, BROWSER).await?.is_err());
        assert_eq!(desk.verify(&user, &code, Some(binding), BROWSER).await?, Ok(()));
        let mut mistaken = desk.postern.issuer("acme-support").await?;
        let refused = mistaken.issue_code(for_journey(&unique("joe"), &number)).await;
        assert!(!format!("{refused:?}").contains(&number));
        desk.withdraw(&user, binding).await?;
        numbers.push(number);
    }
    let printed = desk.postern.printed();
    let trail = events(&printed);
    let count = |action: &str| trail.iter().filter(|event| event["action"] == action).count();
    for action in ["journey.paired", "pairing.described", "pairing.withdrawn", "issue.refused"] {
        assert_eq!(count(action), 20, "{action}");
    }
    let paired: Vec<&Value> =
        trail.iter().filter(|event| event["action"] == "journey.paired").collect();
    assert!(paired.iter().all(|event| event["source"].is_string()), "{paired:#?}");
    assert_eq!(leaks(&printed, &bindings), [""; 0]);
    // Six digits occur by chance, but not twenty times.
    let found = numbers.iter().filter(|number| printed.contains(*number)).count();
    assert!(found <= 3, "{found} of 20 numbers are in the log");
    Ok(())
}
