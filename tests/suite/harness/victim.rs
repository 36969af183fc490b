//! A client that works during an attack: a hundred calls a second, each counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::pb::code::verifier_service_client::VerifierServiceClient;
use super::{Authorized, DescribeLockoutRequest, Postern, VerifyCodeRequest, figure, user_id};

/// The limit for an answer. Generous, since the test machine is busy too.
const LIMIT: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_millis(10);
/// The limit for the server's memory growth, for any input.
const MAX_GROWTH: u64 = 64 * 1024 * 1024;
/// The calls before the attack.
const BEFORE: usize = 50;

/// The client, with the measurements from before the attack.
pub(crate) struct Victim {
    calling: JoinHandle<Calls>,
    stop: Arc<AtomicBool>,
    calm: Calls,
    memory: u64,
}

/// Counts of calls.
#[derive(Default)]
struct Calls {
    took: Vec<Duration>,
    failed: usize,
}

impl Calls {
    async fn make(&mut self, verifier: &mut VerifierServiceClient<Authorized>) {
        let (user, code) = (user_id("jane"), "123456123456".to_owned());
        let request = VerifyCodeRequest { user, code, ..Default::default() };
        let begun = Instant::now();
        match timeout(LIMIT, verifier.verify_code(request)).await {
            Ok(Ok(_)) => self.took.push(begun.elapsed()),
            Ok(Err(_)) | Err(_) => self.failed += 1,
        }
    }

    fn percentile(&mut self, percent: usize) -> Duration {
        self.took.sort_unstable();
        self.took.get(self.took.len() * percent / 100).copied().unwrap_or_default()
    }
}

impl Victim {
    /// Calls the verifier from now on, over one connection that exists before the attack.
    pub(crate) async fn of(postern: &mut Postern) -> anyhow::Result<Self> {
        let mut verifier = postern.verifier("acme-verifier").await?;
        let mut calm = Calls::default();
        for _ in 0..BEFORE {
            calm.make(&mut verifier).await;
        }
        assert_eq!(calm.failed, 0, "it fails without an attack");
        let memory = postern.process("postern").memory()?;
        let stop = Arc::<AtomicBool>::default();
        let is_over = Arc::clone(&stop);
        let calling = tokio::spawn(async move {
            let mut calls = Calls::default();
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !is_over.load(Ordering::Relaxed) {
                ticks.tick().await;
                calls.make(&mut verifier).await;
            }
            calls
        });
        Ok(Self { calling, stop, calm, memory })
    }

    /// Ends, and asserts that 99 of 100 calls were answered, that the server's memory has not grown
    /// much, and that a new client is served.
    pub(crate) async fn ends_well(mut self, postern: &mut Postern) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = self.calling.await?;
        let (answered, failed) = (calls.took.len(), calls.failed);
        let grown = postern.process("postern").memory()?.saturating_sub(self.memory);
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        figure(&format!(
            "{test}: {answered} of {} calls answered, p99 {:?} (before {:?}), {} KiB more",
            answered + failed,
            calls.percentile(99),
            self.calm.percentile(99),
            grown / 1024,
        ));
        assert!(answered >= 10, "only {answered} calls were made: the attack is too short");
        let made = answered + failed;
        assert!(failed * 100 <= made, "{failed} of {made} calls failed");
        assert!(grown < MAX_GROWTH, "its memory has grown by {} KiB", grown / 1024);
        let request = DescribeLockoutRequest { user: user_id("jane") };
        let mut new = postern.verifier("acme-support").await?;
        timeout(LIMIT, new.describe_lockout(request)).await.context("no recovery")??;
        Ok(())
    }
}
