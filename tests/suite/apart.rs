//! The services as separate processes, two of each, that share only Redis.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic::Code;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::http::{for_user, refused};
use crate::harness::pages::{answer_step, form, id, submission};
use crate::harness::postern::config;
use crate::harness::*;

const SERVICES: [&str; 3] = ["code-issuer", "verifier", "journey-runner"];

/// Stops a service as an orchestrator does, and restarts it.
async fn restart(postern: &mut Postern, service: &str) -> Tested {
    let process = postern.process(service);
    process.terminate()?;
    let status = process.ends_within(Duration::from_secs(10)).await?;
    assert_eq!(status.code(), Some(0), "{service}");
    process.start_again()
}

/// The form, filled in.
fn filled(first: &Value, pending: &Value, user: &str, code: &str) -> Value {
    let input = json!({"external_user_id": user, "temp_code": code});
    submission(first, pending, &json!({"assert": "action", "input": input}))
}

/// Sends the form to one replica, asserts the state of the answer, and returns the answer.
async fn send(at: &Postern, first: &Value, form: &Value, state: &str) -> anyhow::Result<Value> {
    let answer: Value = answer_step(at, first, form).await?.error_for_status()?.json().await?;
    assert_eq!(answer["data"]["state"], state, "{answer}");
    Ok(answer)
}

#[tokio::test]
async fn failures_count_across_replicas_and_a_lock_is_cleared_at_any() -> Tested {
    let deployment = Deployment::of(&config())?;
    let (one, other) = (deployment.replica()?, deployment.replica()?);
    let user = unique("jane");
    let code = one.issue(&user).await?;
    let wrong = another(&code);
    assert_eq!(one.redeem(&user, &wrong).await?.0, "rejected");
    assert_eq!(other.verify(&user, &wrong).await?, Err(RejectionReason::WrongCode));
    assert_eq!(one.verify(&user, &wrong).await?, Err(RejectionReason::Burned));
    for at in [&one, &other] {
        assert_eq!(at.verify(&user, &code).await?, Err(RejectionReason::Locked));
        assert_eq!(at.redeem(&user, &code).await?.0, "rejected");
        let answer = at.otp_send("acme-support", &for_user(&user)).await?;
        refused(answer, StatusCode::CONFLICT, "auth_locked").await?;
    }

    let clear = ClearLockoutRequest { user: user_id(&user), ..Default::default() };
    let cleared = other.verifier("acme-support").await?.clear_lockout(clear).await?.into_inner();
    assert!(cleared.lock_cleared);
    let code = other.issue(&user).await?;
    assert_eq!(one.redeem(&user, &code).await?.0, "completed");
    assert_eq!(other.redeem(&user, &code).await?.0, "rejected");
    Ok(())
}

#[tokio::test]
async fn of_concurrent_redemptions_of_one_code_at_all_replicas_one_succeeds() -> Tested {
    let deployment = Deployment::of(&config())?;
    let (one, other) = (deployment.replica()?, deployment.replica()?);
    let user = unique("jane");
    let code = one.issue(&user).await?;
    let tries = (0..10).map(|turn| if turn % 2 == 0 { &one } else { &other });
    let tries = tries.map(|at| at.redeem(&user, &code));
    let mut completed = 0;
    for outcome in futures_util::future::join_all(tries).await {
        completed += u32::from(outcome?.0 == "completed");
    }
    assert_eq!(completed, 1);
    Ok(())
}

/// The number of waiting journeys, from the metrics of these replicas.
async fn waiting(replicas: [&Postern; 2]) -> anyhow::Result<i64> {
    let mut sum = 0;
    for replica in replicas {
        let metrics = reqwest::get(format!("http://{}/metrics", replica.at.runner_admin)).await?;
        let metrics = metrics.error_for_status()?.text().await?;
        let mut lines = metrics.lines();
        let count = lines.find_map(|line| line.strip_prefix("postern_journeys_live "));
        sum += count.with_context(|| metrics.clone())?.parse::<i64>()?;
    }
    Ok(sum)
}

#[tokio::test]
async fn a_form_continues_at_any_replica() -> Tested {
    let deployment = Deployment::of(&config())?;
    let (one, other) = (deployment.replica()?, deployment.replica()?);
    let user = unique("jane");
    let code = other.issue(&user).await?;
    assert_eq!(waiting([&one, &other]).await?, 0);
    let first = form(&one).await?;
    one.keep_secret(id(&first, "session_id"));
    let wrong = filled(&first, &first, &user, &another(&code));
    let again = send(&other, &first, &wrong, "pending").await?;
    assert_eq!(waiting([&one, &other]).await?, 1);
    let replayed = answer_step(&one, &first, &wrong).await?;
    assert!(replayed.status().is_client_error(), "answered at the other replica before");
    form(&one).await?;
    let done = send(&other, &first, &filled(&first, &again, &user, &code), "completed").await?;
    one.keep_secret(done["data"]["token"].as_str().expect("a token"));
    assert_eq!(waiting([&one, &other]).await?, 1, "the one that was started last");
    Ok(())
}

#[tokio::test]
async fn every_service_can_be_restarted_in_the_middle_of_a_journey() -> Tested {
    let deployment = Deployment::of(&config())?;
    let mut postern = deployment.replica()?;
    let user = unique("jane");
    let mut verifier = postern.verifier("acme-verifier").await?;
    let code = postern.issue(&user).await?;
    let first = form(&postern).await?;
    let wrong = filled(&first, &first, &user, &another(&code));
    let again = send(&postern, &first, &wrong, "pending").await?;
    for service in SERVICES {
        restart(&mut postern, service).await?;
    }
    // The failure, the code, the waiting form and the client's token have survived all restarts.
    let request =
        VerifyCodeRequest { user: user_id(&user), code: another(&code), ..Default::default() };
    verifier.verify_code(request).await?;
    assert_eq!(postern.lockout(&user).await?.failures, 2);
    send(&postern, &first, &filled(&first, &again, &user, &code), "completed").await?;
    Ok(())
}

#[tokio::test]
async fn without_a_verifier_recovery_fails_and_no_code_is_lost() -> Tested {
    let deployment = Deployment::of(&config())?;
    let mut postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    postern.process("verifier").kill();
    let params = json!({"external_user_id": user, "temp_code": code});
    let answer = postern.invoke("temp-code-authentication", params).await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text().await?);
    postern.process("verifier").start_again()?;
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    Ok(())
}

#[tokio::test]
async fn while_redis_does_not_answer_calls_fail_before_their_deadline() -> Tested {
    let deployment = Deployment::of(&config())?;
    let postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut issuer = postern.issuer("acme-support").await?;
    let mut verifier = postern.verifier("acme-verifier").await?;
    let mut support = postern.verifier("acme-support").await?;

    deployment.redis.freeze()?;
    let begun = Instant::now();
    let issue = IssueCodeRequest { user: user_id(&unique("joe")), ..Default::default() };
    let refused = issuer.issue_code(issue).await.expect_err("a code that is not stored");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let wrong =
        VerifyCodeRequest { user: user_id(&user), code: another(&code), ..Default::default() };
    let refused = verifier.verify_code(wrong).await.expect_err("nothing to compare with");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let params = json!({"external_user_id": user, "temp_code": another(&code)});
    let answer = postern.invoke("temp-code-authentication", params).await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    deployment.redis.thaw()?;
    let (code_of, lockout_of) = (
        DescribeCodeRequest { user: user_id(&user) },
        DescribeLockoutRequest { user: user_id(&user) },
    );
    within(Duration::from_secs(10), "both find Redis again", async || {
        let described = issuer.describe_code(code_of.clone()).await;
        Ok(described.is_ok() && support.describe_lockout(lockout_of.clone()).await.is_ok())
    })
    .await?;
    // The attempts during the outage may have counted as up to two failures, too few to burn the
    // code.
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    Ok(())
}

#[tokio::test]
async fn a_code_outlives_the_rotation_of_the_peppers() -> Tested {
    let deployment = Deployment::of(&config())?;
    let mut postern = deployment.replica()?;
    let (jane, joe) = (unique("jane"), unique("joe"));
    let [before, locked] = [postern.issue(&jane).await?, postern.issue(&joe).await?];
    for _ in 0..3 {
        let _ = postern.verify(&joe, &another(&locked)).await?;
    }
    deployment.rotate_peppers()?;
    for service in SERVICES {
        restart(&mut postern, service).await?;
    }
    assert_eq!(postern.redeem(&jane, &before).await?.0, "completed");
    assert_eq!(postern.verify(&joe, &locked).await?, Err(RejectionReason::Locked));
    let after = postern.issue(&jane).await?;
    assert_eq!(postern.redeem(&jane, &after).await?.0, "completed");
    Ok(())
}

#[tokio::test]
async fn a_clients_token_is_valid_at_each_service_and_a_users_at_none() -> Tested {
    let deployment = Deployment::of(&config())?;
    let postern = deployment.replica()?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let (_, answer) = postern.redeem(&user, &code).await?;
    let token = answer["data"]["token"].as_str().map(ToOwned::to_owned);
    for (rpc, scope, _, call) in rpcs::RPCS {
        let target = rpcs::Target { user: user.clone(), ..Default::default() };
        let refused = call(&postern, token.clone(), &target).await.expect_err("a user's token");
        assert_eq!(refused.code(), Code::Unauthenticated, "{rpc}: {refused:?}");
        if [rpcs::RUNNERS_OWN, rpcs::ISSUERS_OWN, rpcs::LINKS_OWN].contains(&scope) {
            continue;
        }
        let client = match scope {
            "codes:verify" => "acme-verifier",
            "journeys:run" | "journeys:read" => "acme-backend",
            "desk:approve" | "desk:brake" => "acme-console",
            _ => "acme-support",
        };
        let good = postern.token(client).await?;
        let code = call(&postern, Some(good), &target).await.err().map(|status| status.code());
        let barred = [Some(Code::Unauthenticated), Some(Code::PermissionDenied)];
        assert!(!barred.contains(&code), "{rpc}: {code:?}");
    }
    Ok(())
}

#[tokio::test]
async fn redis_data_expires_and_contains_neither_codes_nor_users() -> Tested {
    let deployment = Deployment::of(&config())?;
    let postern = deployment.replica()?;
    // One user for each state of a code.
    let active = unique("jane");
    postern.issue(&active).await?;
    let used = unique("joe");
    let code = postern.issue(&used).await?;
    assert_eq!(postern.redeem(&used, &code).await?.0, "completed");
    let locked = unique("jim");
    let code = postern.issue(&locked).await?;
    for _ in 0..3 {
        postern.redeem(&locked, &another(&code)).await?;
    }
    // A form that waits after a failure, and therefore stores the user's input.
    let waiting = unique("june");
    let code = postern.issue(&waiting).await?;
    let first = form(&postern).await?;
    postern.keep_secret(id(&first, "session_id"));
    let wrong = another(&code);
    postern.keep_secret(&wrong);
    let again =
        send(&postern, &first, &filled(&first, &first, &waiting, &wrong), "pending").await?;
    postern.keep_secret(again["data"]["challenge"].as_str().expect("a challenge"));

    let entries = deployment.redis.entries()?;
    let counted = |prefix: &str| entries.iter().filter(|it| it.key.starts_with(prefix)).count();
    let kinds = (counted("pcode:{"), counted("postern:journey:{"));
    assert_eq!(kinds, (4, 1), "four users' records and a waiting journey, and nothing else");
    assert_eq!(entries.len(), 5);
    for entry in entries {
        assert!(entry.lives > 0, "{} never expires", entry.key);
        assert!(!entry.values.is_empty(), "{} holds nothing", entry.key);
    }
    // All that Redis holds or ever received is searched for secrets when the services stop. This
    // asserts only that there is something to search.
    let told = deployment.redis.all_that_it_was_told()?;
    assert!(told.contains("EVALSHA") && told.contains("pcode:{"), "nothing was recorded");
    assert!(deployment.redis.appended()?.contains("pcode:{"), "nothing was appended");
    Ok(())
}
