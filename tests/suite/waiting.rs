//! Journeys that strangers start and leave: they take so much of Redis and no more, and codes go on being
//! issued and redeemed.
//!
//! `POSTERN_LEFT=10` starts ten times as many.

use reqwest::StatusCode;
use serde_json::json;

use crate::Tested;
use crate::harness::http::INVOKE;
use crate::harness::postern::{config, utf8};
use crate::harness::redis::{Entry, Redis};
use crate::harness::{Postern, asked, unique};

/// More than fill the Redis of these tests, if all are kept.
const MANY: usize = 2500;
/// What Redis has left for everything, in bytes.
const LEFT: u64 = 1_500_000;

/// A Redis that is almost full.
fn small_redis() -> anyhow::Result<Redis> {
    // Without a log of what was slow, which would fill it.
    let redis = Redis::with(&["--appendonly", "yes", "--appendfsync", "no"])?;
    redis.draw_peppers()?;
    redis.leave_memory(LEFT)?;
    Ok(redis)
}

fn start(flags: &[&str]) -> anyhow::Result<Postern> {
    let folder = config();
    let given = ["--config", utf8(&folder)?, "--trusted-proxies=127.0.0.0/8"];
    Postern::with(&[&given, flags].concat())
}

/// Starts journeys and leaves them; how many began, and how many were refused as too many.
async fn leave(
    postern: &Postern,
    source: impl Fn(usize) -> String,
) -> anyhow::Result<(usize, usize)> {
    let (mut began, mut refused) = (0, 0);
    let path = format!("{INVOKE}?clientId=acme-web");
    for turn in 0..MANY * asked("POSTERN_LEFT", 1) {
        let body = json!({"headers": [], "data": {"policy_request_id": "temp-code-form"}});
        let call = postern.post(&path).header("x-forwarded-for", source(turn));
        let answer = call.json(&body).send().await?;
        match answer.status() {
            StatusCode::OK => began += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                let wait: u64 = answer.headers()["retry-after"].to_str()?.parse()?;
                assert!((1..=601).contains(&wait), "{wait}");
                refused += 1;
            }
            status => anyhow::bail!("start {turn}: {status}"),
        }
    }
    Ok((began, refused))
}

/// A code is issued and redeemed.
async fn somebody_recovers(postern: &Postern) -> anyhow::Result<()> {
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    postern.redeem(&user, &code).await?;
    Ok(())
}

#[tokio::test]
async fn one_source_that_leaves_its_journeys_leaves_room_for_codes() -> Tested {
    let redis = small_redis()?;
    let [store, url, peppers, folder] = redis.flags()?;
    let fast = "--starts-per-minute=1000000";
    let postern = start(&[&store, &url, &peppers, &folder, fast])?;
    let (began, refused) = leave(&postern, |_| "192.0.2.1".to_owned()).await?;
    assert_eq!((began, began + refused), (500, MANY * asked("POSTERN_LEFT", 1)));
    somebody_recovers(&postern).await?;
    // Another source may begin.
    let path = format!("{INVOKE}?clientId=acme-web");
    let body = json!({"headers": [], "data": {"policy_request_id": "temp-code-form"}});
    let call = postern.post(&path).header("x-forwarded-for", "192.0.2.2");
    assert_eq!(call.json(&body).send().await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn many_sources_that_leave_their_journeys_leave_room_for_codes() -> Tested {
    let redis = small_redis()?;
    let [store, url, peppers, folder] = redis.flags()?;
    let postern = start(&[&store, &url, &peppers, &folder, "--waiting-journeys=700"])?;
    let source = |turn| format!("10.{}.{}.1", turn / 250, turn % 250);
    let (began, refused) = leave(&postern, source).await?;
    assert_eq!((began, began + refused), (700, MANY * asked("POSTERN_LEFT", 1)));
    somebody_recovers(&postern).await?;
    let metrics = postern.metrics().await?;
    let full = "postern_journey_outcomes_total{postern_journey_outcome=\"full\"}";
    assert!(metrics.contains(full), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_full_journey_store_refuses_only_journeys_that_wait() -> Tested {
    let (codes, journeys) = (Redis::start()?, Redis::with(&["--appendonly", "yes"])?);
    codes.draw_peppers()?;
    let [store, url, peppers, folder] = codes.flags()?;
    let beside = format!("--journey-store={}", journeys.url());
    let postern = start(&[&store, &url, &peppers, &folder, &beside])?;
    let start = || postern.invoke("temp-code-form", json!({}));
    assert_eq!(start().await?.status(), StatusCode::OK);
    let is_journey = |entry: &Entry| entry.key.starts_with("postern:journey:{");
    assert!(journeys.entries()?.iter().any(is_journey), "it waits there");
    assert!(!codes.entries()?.iter().any(is_journey), "and not beside the codes");

    journeys.leave_memory(0)?;
    assert_eq!(start().await?.status(), StatusCode::SERVICE_UNAVAILABLE);
    somebody_recovers(&postern).await?;
    let ready = reqwest::get(format!("http://{}/readyz", postern.at.admin)).await?;
    assert_eq!(ready.status(), StatusCode::OK, "journeys that never wait go on");
    let metrics = postern.metrics().await?;
    assert!(metrics.contains("postern_journey_store_up"), "{metrics}");
    Ok(())
}
