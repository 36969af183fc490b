//! A soak test: mixed load on services while Redis fails over repeatedly. Memory, connections and
//! tasks must not grow, and no code may be accepted twice, even after a failover.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tempfile::TempDir;

use crate::calls::{self, Issued};
use crate::generator::{Outcome, Pace, Target};
use crate::metrics;
use crate::stack::{Service, Stack, USUAL};
use crate::topology::Pair;

/// Options of `soak`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The duration, in minutes
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The time between failovers of Redis, in seconds
    #[arg(long, default_value_t = 300)]
    failover_every: u64,
    /// The number of active codes; each cycle issues, tries and redeems all of them
    #[arg(long, default_value_t = 400)]
    codes: usize,
}

/// Calls a second: far below the capacity, so that growth cannot come from a queue.
const RATE: u32 = 400;

/// The time after a failover until sentinels agree, links are up and lost codes have expired.
const UNREST: Duration = Duration::from_secs(15);

/// Failed calls tolerated per thousand while Redis is healthy, for disturbances of the machine.
const MOST_FAILED: f64 = 1.0;

/// The tolerated ratio of memory at the end to memory after the first third: allocator noise.
const MEMORY_ALLOWED: f64 = 1.10;

/// Connections that may be closing while a sample is taken.
const CLOSING: u64 = 8;

/// The services over a primary and its replica, watched by sentinels.
struct Site {
    services: Vec<(&'static str, Service)>,
    desk: Target,
    login: Target,
    backend: Target,
    _stack: Stack,
}

/// Counts of calls.
#[derive(Default)]
struct Tally {
    calls: usize,
    failed: usize,
    /// Denials of a valid code.
    denied: usize,
}

/// The resources of a service.
#[derive(Clone, Copy, Debug)]
struct Sample {
    memory: u64,
    descriptors: u64,
    tasks: usize,
}

impl Site {
    async fn start(store: String) -> anyhow::Result<Self> {
        let stack = Stack::over(store)?;
        let (issuer, http) = stack.issuer(&[])?;
        let verifier = stack.verifier(USUAL, &[])?;
        let (runner, _) = stack.runner(&verifier)?;
        let desk = stack.target(http, "load-desk", calls::ISSUE, vec![issuer.grpc]).await?;
        let login = stack.target(http, "load-login", calls::VERIFY, vec![verifier.grpc]).await?;
        let backend = stack.target(http, "load-backend", calls::START, vec![runner.grpc]).await?;
        let services =
            vec![("code-issuer", issuer), ("verifier", verifier), ("journey-runner", runner)];
        Ok(Self { services, desk, login, backend, _stack: stack })
    }

    async fn sample(&self) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for (_, service) in &self.services {
            service.process.forget_printed()?;
            samples.push(Sample {
                memory: service.process.memory()?,
                descriptors: service.process.descriptors()?,
                tasks: metrics::tasks(service.admin).await?,
            });
        }
        Ok(samples)
    }
}

/// Runs the load for the given time, then judges.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let pair = Pair::start(files.path())?;
    let site = Site::start(pair.store()).await?;
    let (begun, length) = (Instant::now(), Duration::from_secs(60 * args.minutes));
    let every = Duration::from_secs(args.failover_every);
    let (mut samples, mut unrest) = (Vec::new(), begun);
    let (mut cycles, mut failovers, mut lost) = (0, 0, 0);
    let mut quiet = Tally::default();
    while begun.elapsed() < length {
        let (_, issued) = calls::try_issue(&site.desk, args.codes, Pace::Rate(RATE)).await?;
        // At a time when codes are active, so that some of them live through the failover.
        if begun.elapsed() >= every * (failovers + 1) {
            pair.fail_over()?;
            failovers += 1;
            unrest = Instant::now() + UNREST;
        }
        let is_quiet = Instant::now() > unrest;
        let Tally { calls, failed, denied } = cycle(&site, &issued, args.codes).await?;
        if is_quiet {
            ensure!(denied == 0, "{denied} valid codes were denied while redis was healthy");
            quiet.calls += calls;
            quiet.failed += failed;
        } else {
            lost += failed;
        }
        cycles += 1;
        samples.push(site.sample().await?);
    }
    println!("{cycles} cycles, {failovers} failovers, {lost} calls lost around them");
    println!("{} of {} other calls failed", quiet.failed, quiet.calls);
    ensure!(failovers > 0, "no failover took place: it was too short");
    let failed = quiet.failed as f64 * 1000.0 / quiet.calls as f64;
    ensure!(failed <= MOST_FAILED, "too many calls failed while redis was healthy");
    judge(&site, &samples)
}

/// Guesses wrong at every code, redeems half of them by verification and half by journeys, and then
/// tries all again. `asked` is the number of codes that were requested.
async fn cycle(site: &Site, issued: &[Issued], asked: usize) -> anyhow::Result<Tally> {
    let pace = Pace::Rate(RATE);
    let wrong = calls::try_guesses(&site.login, issued, Issued::wrong, pace).await?;
    ensure!(calls::accepted(&wrong)? == 0, "a wrong code was accepted");
    let (here, there) = issued.split_at(issued.len() / 2);
    let right = calls::try_guesses(&site.login, here, Issued::right, pace).await?;
    let journeys = calls::try_journeys(&site.backend, there, pace).await?;
    let redeemed = calls::accepted(&right)? + calls::completed(&journeys)?;
    let denied = issued.len() - redeemed - right.errors() - journeys.errors();
    let again = calls::try_guesses(&site.login, issued, Issued::right, pace).await?;
    let twice = accepted_again(&right, &journeys, &again)?;
    ensure!(twice == 0, "{twice} codes were accepted twice");
    let failed = [wrong, right, journeys, again].iter().map(Outcome::errors).sum::<usize>();
    // Four calls for each code: issue, wrong guess, redeem, redeem again.
    Ok(Tally { calls: 4 * asked, failed: failed + asked - issued.len(), denied })
}

/// The number of calls accepted both times. `again` holds the second attempts of both kinds.
fn accepted_again(right: &Outcome, journeys: &Outcome, again: &Outcome) -> anyhow::Result<usize> {
    let mut twice = 0;
    let journeys = journeys.answers.iter().map(calls::is_completed);
    let first = right.answers.iter().map(calls::is_accepted).chain(journeys);
    for (first, again) in first.zip(&again.answers) {
        twice += usize::from(first? && calls::is_accepted(again)?);
    }
    Ok(twice)
}

/// Compares the last sample with the one after the first third, when every code path has run once.
fn judge(site: &Site, samples: &[Vec<Sample>]) -> anyhow::Result<()> {
    let (Some(warm), Some(last)) = (samples.get(samples.len() / 3), samples.last()) else {
        anyhow::bail!("nothing was sampled: it was too short");
    };
    let mut grown = Vec::new();
    for (index, (name, _)) in site.services.iter().enumerate() {
        let (warm, last) = (warm[index], last[index]);
        println!("{name}: {warm:?} after a third, {last:?} at the end");
        let is_flat = last.memory as f64 <= warm.memory as f64 * MEMORY_ALLOWED
            && last.descriptors <= warm.descriptors + CLOSING
            && last.tasks <= warm.tasks + CLOSING as usize;
        grown.extend((!is_flat).then_some(*name));
    }
    ensure!(grown.is_empty(), "grew: {}", grown.join(", "));
    Ok(())
}
