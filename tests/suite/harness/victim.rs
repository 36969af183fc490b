//! A client that only wants to work while others attack: a hundred calls a second, each counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{DescribeLockoutRequest, Postern, user_id};

/// What an answer may take. Generous: the machine that tests run on is busy too.
const LIMIT: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_millis(10);
/// What the server's memory may grow by, however much it is sent.
const MAX_GROWTH: u64 = 64 * 1024 * 1024;

/// The client, and the server's memory before the attack.
pub(crate) struct Victim {
    calling: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    failed: Arc<AtomicU32>,
    before: u64,
}

impl Victim {
    /// Calls the verifier from now on, over one connection that exists before the attack.
    pub(crate) async fn of(postern: &mut Postern) -> anyhow::Result<Self> {
        let mut verifier = postern.verifier("acme-support").await?;
        let request = DescribeLockoutRequest { user: user_id("jane") };
        for _ in 0..50 {
            verifier.describe_lockout(request.clone()).await?;
        }
        let before = postern.process("postern").memory()?;
        let (stop, answered, failed) = (
            Arc::<AtomicBool>::default(),
            Arc::<AtomicU32>::default(),
            Arc::<AtomicU32>::default(),
        );
        let (is_over, good, bad) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&failed));
        let calling = tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !is_over.load(Ordering::Relaxed) {
                ticks.tick().await;
                let called = timeout(LIMIT, verifier.describe_lockout(request.clone())).await;
                let count = if matches!(called, Ok(Ok(_))) { &good } else { &bad };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Self { calling, stop, answered, failed, before })
    }

    /// Ends, and checks that 99 of 100 calls were answered, that the server's memory has not grown
    /// much, and that a new client is served.
    pub(crate) async fn ends_well(self, postern: &mut Postern) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.calling.await?;
        let (answered, failed) =
            (self.answered.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed));
        assert!(answered >= 10, "only {answered} calls were made: the attack is too short");
        assert!(
            failed * 100 <= answered + failed,
            "{failed} of {} calls failed",
            answered + failed
        );
        let grown = postern.process("postern").memory()?.saturating_sub(self.before);
        assert!(grown < MAX_GROWTH, "its memory has grown by {} KiB", grown / 1024);
        let request = DescribeLockoutRequest { user: user_id("jane") };
        let mut new = postern.verifier("acme-support").await?;
        timeout(LIMIT, new.describe_lockout(request)).await.context("no recovery")??;
        Ok(())
    }
}
