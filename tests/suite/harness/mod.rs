//! Starts `postern`, speaks to it, and reads its log.

pub(crate) mod apart;
pub(crate) mod calls;
pub(crate) mod collector;
pub(crate) mod directory;
pub(crate) mod encrypted;
pub(crate) mod fake_redis;
pub(crate) mod grpc;
pub(crate) mod h2;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod lossy;
pub(crate) mod pages;
pub(crate) mod pairing;
pub(crate) mod postern;
pub(crate) mod process;
pub(crate) mod provider;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod rpcs;
pub(crate) mod scan;
pub(crate) mod tls;
pub(crate) mod trail;
pub(crate) mod values;
pub(crate) mod victim;

use std::time::{Duration, Instant};

pub(crate) use grpc::*;
pub(crate) use postern::Postern;

/// A unique name. Tests that share a server use different names.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:016x}", rand::random::<u64>())
}

/// A different code of the same shape.
pub(crate) fn another(code: &str) -> String {
    let first = if code.starts_with('2') { '3' } else { '2' };
    format!("{first}{}", &code[1..])
}

/// Waits until the condition holds. Fails if it does not within the limit.
pub(crate) async fn within(
    limit: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !holds().await? {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The value of an environment variable that scales a test, or its default.
pub(crate) fn asked(variable: &str, every_run: usize) -> usize {
    let asked = std::env::var(variable).ok();
    asked.map_or(every_run, |asked| asked.parse().expect("a number in a test's variable"))
}

/// Tells a figure that a long run is made for; seen with `--nocapture`.
#[expect(clippy::print_stderr, reason = "what a long run has to show")]
pub(crate) fn figure(text: &str) {
    eprintln!("{text}");
}
