//! A store whose clock differs from this host's: readiness ends meanwhile, and operators can see
//! why.

use std::time::Duration;

use reqwest::StatusCode;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::Tested;
use crate::harness::fake_redis::FakeRedis;
use crate::harness::*;

const SOON: Duration = Duration::from_secs(10);

async fn is_ready(postern: &Postern) -> anyhow::Result<bool> {
    let answer = reqwest::get(format!("http://{}/readyz", postern.at.admin)).await?;
    Ok(answer.status() == StatusCode::OK)
}

/// Whether the gRPC services report that they serve. Asserts that all report the same.
async fn is_serving(postern: &Postern) -> anyhow::Result<bool> {
    let mut all = Vec::new();
    for at in [postern.at.issuer, postern.at.verifier, postern.at.runner] {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(channel(at)).check(request).await?.into_inner();
        all.push(answer.status() == ServingStatus::Serving);
    }
    all.dedup();
    assert_eq!(all.len(), 1, "the services disagree");
    Ok(all == [true])
}

/// The clock skew in `/metrics`.
async fn told_skew(postern: &Postern) -> anyhow::Result<f64> {
    let export = reqwest::get(format!("http://{}/metrics", postern.at.admin)).await?.text().await?;
    let sample =
        export.lines().find_map(|line| line.strip_prefix("postern_store_clock_skew_seconds "));
    Ok(sample.expect("the metric").parse()?)
}

#[tokio::test]
async fn a_store_with_another_clock_ends_readiness_until_the_clocks_agree() -> Tested {
    let redis = FakeRedis::start("-ERR no script runs here")?;
    let postern = Postern::with(&["--store", &redis.url()])?;
    let becomes = async |ready: bool, what: &str| {
        within(SOON, what, async || {
            Ok(is_ready(&postern).await? == ready && is_serving(&postern).await? == ready)
        })
        .await
    };
    becomes(true, "ready while the clocks agree").await?;
    for seconds in [20, -20] {
        redis.set_ahead(seconds);
        becomes(false, "not ready while the clocks differ").await?;
        let told = told_skew(&postern).await?;
        #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
        let expected = seconds as f64;
        assert!((told - expected).abs() < 1.0, "{told} is told of {seconds}");
        // It stays alive: a restart would not correct a clock.
        let alive = reqwest::get(format!("http://{}/livez", postern.at.admin)).await?;
        assert_eq!(alive.status(), StatusCode::OK);

        // Within the limit of the store.
        redis.set_ahead(seconds / 10);
        becomes(true, "ready again by itself").await?;
    }
    assert!(postern.printed().contains("synchronise them"), "the log says what to do");
    Ok(())
}
