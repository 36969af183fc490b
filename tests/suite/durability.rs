//! The durability of an outcome is a setting: no service returns an outcome below it.

use reqwest::StatusCode;
use serde_json::json;
use tonic::Code;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::postern::{Addresses, config};
use crate::harness::process::run;
use crate::harness::redis::Redis;
use crate::harness::*;

/// T-B9, T-I4 over the network: the Redis of these tests has no replica, so every answer is the
/// same. It does not even reveal whether a user has a code.
#[tokio::test]
async fn without_the_required_replica_every_answer_is_unavailable() -> Tested {
    let deployment = Deployment::of(&config())?;
    let at_once = deployment.replica()?;
    let user = unique("jane");
    let code = at_once.issue(&user).await?;
    let durability = ("POSTERN_STORE_DURABILITY", "replicated:1:100ms".to_owned());
    let durably = deployment.with_environment(&[durability]).replica()?;

    let mut verifier = durably.verifier("acme-verifier").await?;
    let mut told = vec![];
    let (unknown, wrong) = (unique("unknown"), another(&code));
    for (user, code) in [(&unknown, &code), (&user, &wrong), (&user, &code)] {
        let request =
            VerifyCodeRequest { user: user_id(user), code: code.clone(), ..Default::default() };
        let status = verifier.verify_code(request).await.expect_err("no outcome is told");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        told.push(status.message().to_owned());
        let params = json!({"external_user_id": user, "temp_code": code});
        let answer = durably.invoke("temp-code-authentication", params).await?;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let request = IssueCodeRequest { user: user_id(&unknown), ..Default::default() };
    let issued = durably.issuer("acme-support").await?.issue_code(request).await;
    assert_eq!(issued.expect_err("no code is told").code(), Code::Unavailable);

    assert_eq!(
        at_once.verify(&user, &code).await?,
        Err(RejectionReason::NoCode),
        "it was consumed"
    );
    Ok(())
}

fn refused(arguments: &[&str]) -> anyhow::Result<String> {
    let flags = Addresses::free()?.flags();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let (status, printed) = run(&[arguments, &flags].concat())?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(printed.contains("--store"), "{printed}");
    Ok(printed)
}

#[test]
fn an_unavailable_durability_is_refused() -> Tested {
    let store = ["--store", "redis://127.0.0.1:1"];
    for level in ["durable", "replicated:1", "replicated:0:100ms", "replicated:1:1s"] {
        let printed = refused(&[&store[..], &["--store-durability", level]].concat())?;
        assert!(printed.contains("replicated:1:100ms"), "{printed}");
    }
    let printed = refused(&["--store-durability", "synced"])?;
    assert!(printed.contains("name a Redis"), "{printed}");
    Ok(())
}

/// A server without WAITAOF cannot confirm that a write is on disk.
#[test]
fn a_redis_that_cannot_sync_is_refused() -> Tested {
    let redis = Redis::start()?;
    let printed = refused(&["--store", &redis.url(), "--store-durability", "synced"])?;
    assert!(printed.contains("run 7.2 or later"), "{printed}");
    Ok(())
}
