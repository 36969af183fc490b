//! Telemetry without a working collector: every call is traced, and the collector is unreachable or
//! never replies. Callers notice nothing, and unsent telemetry does not accumulate.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Tested;
use crate::harness::collector::Collector;
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::postern::{config, utf8};
use crate::harness::*;

/// The calls of each server. Their spans exceed the capacity of a queue many times.
const CALLS: usize = 400;
const QUEUE: usize = 64;
/// The tolerated difference of times, on a machine with other work.
const NOISE: Duration = Duration::from_millis(50);
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

/// A server, a client of it, and the duration of each call.
struct Timed {
    postern: Postern,
    verifier: VerifierServiceClient<Authorized>,
    took: Vec<Duration>,
}

impl Timed {
    /// Starts one that sends its telemetry to this endpoint, if any.
    async fn sending_to(endpoint: Option<String>) -> anyhow::Result<Self> {
        let mut variables = vec![("POSTERN_LOG", "info".to_owned())];
        if let Some(endpoint) = endpoint {
            variables.extend([
                ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
                ("OTEL_TRACES_SAMPLER", "always_on".to_owned()),
                ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
                ("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE.to_string()),
                ("OTEL_METRIC_EXPORT_INTERVAL", "100".to_owned()),
            ]);
        }
        let folder = config();
        let postern = Postern::with_environment(&["--config", utf8(&folder)?], &variables)?;
        let verifier = postern.verifier("acme-verifier").await?;
        let mut timed = Self { postern, verifier, took: Vec::new() };
        for _ in 0..20 {
            timed.call().await?;
        }
        timed.took.clear();
        Ok(timed)
    }

    async fn call(&mut self) -> Tested {
        let request = calls::guess(&unique("jane"), "123456123456", unique("key"));
        let begun = Instant::now();
        self.verifier.verify_code(request).await?;
        self.took.push(begun.elapsed());
        Ok(())
    }

    /// The given percentile of the durations.
    fn percentile(&mut self, percent: usize) -> Duration {
        self.took.sort_unstable();
        self.took[self.took.len() * percent / 100]
    }
}

/// The log's complaints about telemetry, each as event name and message.
fn complaints(printed: &str) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for line in printed.lines().filter(|line| line.contains(r#""target":"opentelemetry"#)) {
        let line: Value = serde_json::from_str(line)?;
        complaints.push(format!("{} {}", line["name"], line["message"]));
    }
    Ok(complaints)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_or_silent_collector_slows_no_call_and_fills_no_memory() -> Tested {
    let deaf = Collector::deaf()?;
    let gone = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut plain = Timed::sending_to(None).await?;
    let mut unheard = [
        Timed::sending_to(Some(format!("http://{}", deaf.at))).await?,
        Timed::sending_to(Some(format!("http://{gone}"))).await?,
    ];
    // In turn, so that other work on the machine slows both equally.
    for _ in 0..CALLS {
        plain.call().await?;
        for timed in &mut unheard {
            timed.call().await?;
        }
    }
    assert!(deaf.texts().contains("VerifyCode"), "nothing was sent");
    let memory = plain.postern.process("postern").memory()?;
    for timed in &mut unheard {
        for percent in [50, 99] {
            let (alone, sending) = (plain.percentile(percent), timed.percentile(percent));
            figure(&format!("p{percent}: {alone:?} without telemetry, {sending:?} with it"));
            assert!(sending <= alone * 3 / 2 + NOISE, "p{percent}: {alone:?}, {sending:?}");
        }
        let sending = timed.postern.process("postern").memory()?;
        figure(&format!("{} KiB of memory more", sending.saturating_sub(memory) / 1024));
        assert!(sending < memory + MOST_MEMORY, "{memory} bytes of memory, then {sending}");
        let process = timed.postern.process("postern");
        process.terminate()?;
        assert!(process.ends_within(Duration::from_secs(20)).await?.success());
        let complaints = complaints(&timed.postern.printed())?;
        let once: BTreeSet<_> = complaints.iter().collect();
        assert!(!once.is_empty(), "the log does not report that telemetry is lost");
        assert_eq!(once.len(), complaints.len(), "the log is filled with {complaints:?}");
    }
    Ok(())
}
