//! Every call is traced while the collector is unavailable: the effect on callers and on memory,
//! compared with a collector that works.

use std::time::Duration;

use anyhow::ensure;
use tempfile::TempDir;

use crate::calls;
use crate::generator::{Pace, Target};
use crate::process::free;
use crate::redis_server::Redis;
use crate::stack::{Service, Stack, Traces};

/// Options of `telemetry`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds; the median of their ratios counts
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Calls of each run in a round
    #[arg(long, default_value_t = 5_000)]
    calls: usize,
}

/// Calls a second: low enough that a call waiting for telemetry shows in the latency.
const RATE: u32 = 1_000;

/// The bars: the maximum ratio of the p99 latencies, and the maximum extra memory in MiB.
const MOST_SLOWER: f64 = 1.05;
const MOST_MEMORY: f64 = 32.0;

/// A verifier and the collector that it sends to.
struct Sender {
    collector: &'static str,
    verifier: Service,
    login: Target,
    /// The p99 of each round.
    p99: Vec<Duration>,
}

impl Sender {
    fn start(
        stack: &Stack,
        collector: &'static str,
        traces: Traces,
        token: &str,
    ) -> anyhow::Result<Self> {
        let verifier = stack.verifier(traces, &[])?;
        let login =
            Target { at: vec![verifier.grpc], path: calls::VERIFY, token: token.to_owned() };
        Ok(Self { collector, verifier, login, p99: Vec::new() })
    }

    fn memory(&self) -> anyhow::Result<f64> {
        Ok(self.verifier.process.memory()? as f64 / f64::from(1 << 20))
    }

    /// The median over the rounds of this sender's p99 divided by the other's.
    fn slower_than(&self, other: &Self) -> f64 {
        let pairs = self.p99.iter().zip(&other.p99);
        let mut ratios: Vec<_> = pairs.map(|(one, other)| one.div_duration_f64(*other)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }
}

/// Measures, prints the table, and fails if a bar is missed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    let files = TempDir::new()?;
    let redis = Redis::start(files.path(), "")?;
    let stack = Stack::on(&redis)?;
    let (issuer, http) = stack.issuer(&[])?;
    let desk = stack.target(http, "load-desk", calls::ISSUE, vec![issuer.grpc]).await?;
    let token = stack.token(http, "load-login").await?;
    let (deaf, _deaf) = stack.deaf()?;
    let [gone] = free()?;
    let start = |collector, traces| Sender::start(&stack, collector, traces, &token);
    let mut senders = [
        start("collector that works", Traces::Sampled(1.0))?,
        start("none asked for", Traces::Off)?,
        start("collector that never replies", Traces::AllTo(deaf))?,
        start("no collector", Traces::AllTo(gone))?,
    ];
    for round in 0..=args.rounds {
        // Each round begins with another sender. The first round is the warm-up.
        for turn in 0..senders.len() {
            let sender = &mut senders[(round + turn) % 4];
            let (_, codes) = calls::issue(&desk, args.calls, Pace::Gentle).await?;
            let outcome = calls::verify(&sender.login, &codes, Pace::Rate(RATE)).await?;
            if round > 0 {
                sender.p99.push(outcome.quantile(0.99));
            }
            sender.verifier.process.forget_printed()?;
        }
    }
    judge(&senders)
}

fn judge(senders: &[Sender; 4]) -> anyhow::Result<()> {
    let [taken, off, ..] = senders;
    println!("{:<24} {:>12} {:>12} {:>10}", "collector", "median p99", "/ taken", "memory");
    let mut missed = Vec::new();
    for sender in senders {
        let mut p99 = sender.p99.clone();
        p99.sort_unstable();
        let (slower, memory) = (sender.slower_than(taken), sender.memory()?);
        println!(
            "{:<24} {:>12.2?} {slower:>12.2} {memory:>6.1} MiB",
            sender.collector,
            p99[p99.len() / 2]
        );
        if slower > MOST_SLOWER || memory > off.memory()? + MOST_MEMORY {
            missed.push(sender.collector);
        }
    }
    println!("at most {MOST_SLOWER}, and {MOST_MEMORY} MiB more than without telemetry");
    ensure!(missed.is_empty(), "latency or memory above its bar with: {}", missed.join(", "));
    Ok(())
}
