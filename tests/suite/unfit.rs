//! A Redis that fails its checks is refused at the start, with what to change. Its error texts go
//! to the log, never to a caller.

use reqwest::StatusCode;
use tonic::Code;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::fake_redis::FakeRedis;
use crate::harness::http::for_user;
use crate::harness::postern::{Addresses, config};
use crate::harness::process::run;
use crate::harness::redis::Redis;
use crate::harness::*;

const KEEPS: [&str; 2] = ["--appendonly", "yes"];

#[test]
fn a_redis_that_fails_its_checks_is_refused_with_what_to_change() -> Tested {
    let primary = Redis::start()?;
    let port = primary.port();
    let weak = "default on nopass ~* &* +@all -set".split(' ');
    for (settings, advice) in [
        ([&KEEPS as &[_], &["--maxmemory-policy", "allkeys-lru"]].concat(), "set it to noeviction"),
        (vec!["--appendonly", "no"], "set appendonly yes"),
        ([&KEEPS as &[_], &["--replicaof", "127.0.0.1", &port]].concat(), "name the primary"),
        (KEEPS.into_iter().chain(["--user"]).chain(weak).collect(), "may not run SET"),
    ] {
        let redis = Redis::with(&settings)?;
        let mut flags = Addresses::free()?.flags();
        let url = redis.url();
        flags.extend(["--store", &url, "--store-checks", "on"].map(str::to_owned));
        let (status, printed) = run(&flags.iter().map(String::as_str).collect::<Vec<_>>())?;
        assert_eq!(status.code(), Some(64), "{settings:?}: {printed}");
        assert!(printed.contains("--store") && printed.contains(advice), "{settings:?}: {printed}");
    }
    Ok(())
}

#[test]
fn each_service_refuses_an_unfit_redis_unless_the_checks_are_off() -> Tested {
    let deployment = Deployment::over(&config(), Redis::with(&["--appendonly", "no"])?)?;
    deployment.replica()?;
    for service in ["code-issuer", "verifier", "journey-runner"] {
        let (status, printed) = deployment.checked(service)?;
        assert_eq!(status.code(), Some(64), "{service}: {printed}");
        assert!(printed.contains("set appendonly yes"), "{service}: {printed}");
    }
    Ok(())
}

#[tokio::test]
async fn redis_error_texts_reach_no_caller() -> Tested {
    let said = "canary-of-redis";
    let redis = FakeRedis::start(&format!("-WRONGTYPE {said} holds the wrong kind of value"))?;
    let postern = Postern::with(&["--store", &redis.url()])?;
    let verify = VerifyCodeRequest {
        user: user_id(&unique("jane")),
        code: "123456".to_owned(),
        ..Default::default()
    };
    let refused = postern.verifier("acme-verifier").await?.verify_code(verify).await;
    let refused = refused.expect_err("there is nothing to compare with");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    // Neither in the details nor in the metadata.
    assert!(!format!("{refused:?}").contains(said), "{refused:?}");

    let refused = postern.otp_send("acme-support", &for_user(&unique("joe"))).await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told = format!("{:?} {}", refused.headers().clone(), refused.text().await?);
    assert!(!told.contains(said), "{told}");

    assert!(redis.scripts() >= 2, "both came as far as Redis");
    Ok(())
}
