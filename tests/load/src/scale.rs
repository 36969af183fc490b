//! Measures verifications with more codes, more Redis servers and more processes.

use std::time::Duration;

use tempfile::TempDir;

use crate::calls::{self, Issued};
use crate::generator::{Outcome, Pace, Target};
use crate::plot::Plot;
use crate::redis_server::{Redis, Usage};
use crate::stack::{Service, Stack, USUAL};
use crate::topology::Cluster;

/// Options of `scale`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The maximum number of active codes; a tenth, a hundredth and so on are measured too
    #[arg(long, default_value_t = 5_000_000)]
    codes: usize,
    /// Calls of each run
    #[arg(long, default_value_t = 50_000)]
    calls: usize,
}

/// Calls a second while latency is measured.
const RATE: u32 = 2_000;

/// A code issuer and verifiers over one store.
struct Site {
    desk: Target,
    login: Target,
    verifiers: Vec<Service>,
    issuer: Service,
    _stack: Stack,
}

impl Site {
    async fn start(store: String, verifiers: usize) -> anyhow::Result<Self> {
        let stack = Stack::over(store)?;
        let (issuer, http) = stack.issuer(&[])?;
        let verifiers = (0..verifiers).map(|_| stack.verifier(USUAL, &[]));
        let verifiers = verifiers.collect::<anyhow::Result<Vec<_>>>()?;
        let desk = stack.target(http, "load-desk", calls::ISSUE, vec![issuer.grpc]).await?;
        let at = verifiers.iter().map(|verifier| verifier.grpc).collect();
        let login = stack.target(http, "load-login", calls::VERIFY, at).await?;
        Ok(Self { desk, login, verifiers, issuer, _stack: stack })
    }

    /// Redeems that many new codes. Also returns the processor time of each of those servers per
    /// code.
    async fn verify(
        &self,
        servers: &[Redis],
        count: usize,
        pace: Pace,
    ) -> anyhow::Result<(Outcome, Vec<Duration>)> {
        let (_, codes): (_, Vec<Issued>) = calls::issue(&self.desk, count, Pace::Full).await?;
        let before = servers.iter().map(Redis::usage).collect::<anyhow::Result<Vec<_>>>()?;
        let outcome = calls::verify(&self.login, &codes, pace).await?;
        let spent = before.into_iter().zip(servers).map(|(Usage { cpu, .. }, server)| {
            Ok(server.usage()?.cpu.saturating_sub(cpu) / u32::try_from(count)?)
        });
        let spent = spent.collect::<anyhow::Result<_>>()?;
        for verifier in &self.verifiers {
            verifier.process.forget_printed()?;
        }
        self.issuer.process.forget_printed()?;
        Ok((outcome, spent))
    }
}

/// Measures all of it and draws the charts.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    codes(args).await?;
    cluster(args).await?;
    verifiers(args).await
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn microseconds(durations: &[Duration]) -> f64 {
    durations.iter().sum::<Duration>().as_secs_f64() * 1e6
}

/// A growing number of active codes in one server.
async fn codes(args: &Args) -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let servers = [Redis::start(files.path(), "")?];
    let site = Site::start(format!("redis://{}", servers[0].at), 1).await?;
    let (mut p99, mut memory, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes: Vec<_> = std::iter::successors(Some(args.codes), |size| Some(size / 10))
        .take_while(|size| *size >= 1000)
        .collect();
    sizes.reverse();
    let (mut active, empty) = (0, servers[0].usage()?);
    for size in sizes {
        calls::fill(&site.desk, size - active).await?;
        active = size;
        let count = args.calls.min(10 * RATE as usize);
        let full = servers[0].usage()?;
        let (outcome, spent) = site.verify(&servers, count, Pace::Rate(RATE)).await?;
        let bytes = (full.memory - empty.memory) as f64 / (full.keys - empty.keys) as f64;
        let (slowest, spent) = (milliseconds(outcome.quantile(0.99)), microseconds(&spent));
        println!(
            "{size:>9} codes: p99 {slowest:.2} ms, {bytes:.0} bytes each, redis {spent:.1} us"
        );
        p99.push((size, slowest));
        memory.push((size, bytes));
        cpu.push((size, spent));
    }
    let x = "active codes";
    let title = "Verifications among many codes, 2,000 a second";
    Plot { title, x, y: "p99, ms", points: &p99 }.save("codes-p99")?;
    let title = "Memory in Redis";
    Plot { title, x, y: "bytes for each code", points: &memory }.save("codes-memory")?;
    let title = "Processor time of Redis";
    Plot { title, x, y: "microseconds for a verification", points: &cpu }.save("codes-redis")
}

/// One primary, and three that share the keys.
async fn cluster(args: &Args) -> anyhow::Result<()> {
    let mut points = Vec::new();
    for primaries in [1, 3] {
        let files = TempDir::new()?;
        let cluster = Cluster::start(files.path(), primaries)?;
        let site = Site::start(cluster.store(), 2).await?;
        let (outcome, spent) = site.verify(&cluster.nodes, args.calls, Pace::Full).await?;
        // The busiest primary limits the throughput of all.
        let busiest = spent.iter().max().copied().unwrap_or_default();
        let bound = 1.0 / busiest.as_secs_f64();
        println!(
            "{primaries} primaries: {:.0}/s measured; the busiest spends {:.1} us a call, good for {bound:.0}/s",
            outcome.rate(),
            busiest.as_secs_f64() * 1e6,
        );
        points.push((primaries, bound));
    }
    let title = "What the busiest primary's processor time allows";
    Plot { title, x: "primaries of the cluster", y: "verifications a second", points: &points }
        .save("cluster")
}

/// One, two and four verifiers over one server.
async fn verifiers(args: &Args) -> anyhow::Result<()> {
    let mut points = Vec::new();
    for verifiers in [1, 2, 4] {
        let files = TempDir::new()?;
        let servers = [Redis::start(files.path(), "")?];
        let site = Site::start(format!("redis://{}", servers[0].at), verifiers).await?;
        let (outcome, _) = site.verify(&servers, args.calls, Pace::Full).await?;
        println!("{verifiers} verifiers: {:.0}/s", outcome.rate());
        points.push((verifiers, outcome.rate()));
    }
    let title = "Verifier processes over one Redis, on this machine's processors";
    Plot { title, x: "verifiers", y: "verifications a second", points: &points }.save("verifiers")
}
