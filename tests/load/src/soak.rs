//! Hours in minutes: mixed load on services whose Redis fails over again and again. Nothing may grow
//! that does not shrink, and no code may be good twice, whatever was lost on the way.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tempfile::TempDir;

use crate::calls::{self, Issued};
use crate::generator::{Outcome, Pace, Target};
use crate::metrics;
use crate::stack::{Service, Stack, USUAL};
use crate::topology::Pair;

/// How long, and how rough.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long to go on, in minutes
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// How often Redis fails over, in seconds
    #[arg(long, default_value_t = 300)]
    failover_every: u64,
    /// How many codes live at a time; all are issued, tried and redeemed once in a cycle
    #[arg(long, default_value_t = 400)]
    codes: usize,
}

/// Calls a second: far below what the services can do, so that what grows is no queue.
const RATE: u32 = 400;

/// After a failover, until all is as before: sentinels agree, links come up, lost codes are gone.
const UNREST: Duration = Duration::from_secs(15);

/// How many of a thousand calls may fail while nothing is wrong with Redis: the machine has its moments.
const MOST_FAILED: f64 = 1.0;

/// How much a service may hold more at the end than after its first third: the allocator's rest.
const MEMORY_ALLOWED: f64 = 1.10;

/// Connections that a sample may find just closing.
const CLOSING: u64 = 8;

/// The services over a watched pair.
struct Site {
    services: Vec<(&'static str, Service)>,
    desk: Target,
    login: Target,
    backend: Target,
    _stack: Stack,
}

/// What came of calls.
#[derive(Default)]
struct Tally {
    calls: usize,
    failed: usize,
    /// Good codes that were answered, and not with yes.
    denied: usize,
}

/// What a service holds.
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
        let runner = stack.runner(&verifier)?;
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

/// Loads for as long as is asked, then judges.
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
        // While codes are out, so that some of them cross it.
        if begun.elapsed() >= every * (failovers + 1) {
            pair.fail_over()?;
            failovers += 1;
            unrest = Instant::now() + UNREST;
        }
        let is_quiet = Instant::now() > unrest;
        let Tally { calls, failed, denied } = cycle(&site, &issued, args.codes).await?;
        if is_quiet {
            ensure!(
                denied == 0,
                "{denied} good codes were denied, and nothing was wrong with Redis"
            );
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
    ensure!(failed <= MOST_FAILED, "too many calls failed while nothing was wrong with Redis");
    judge(&site, &samples)
}

/// Redeems every code, one half by verification and one by journeys, after a wrong guess at each,
/// and then again. So many codes were asked for.
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
    // Each code is asked for, guessed at, redeemed, and redeemed again.
    Ok(Tally { calls: 4 * asked, failed: failed + asked - issued.len(), denied })
}

/// How many calls were accepted both times: `again` has those of both.
fn accepted_again(right: &Outcome, journeys: &Outcome, again: &Outcome) -> anyhow::Result<usize> {
    let mut twice = 0;
    let journeys = journeys.answers.iter().map(calls::is_completed);
    let first = right.answers.iter().map(calls::is_accepted).chain(journeys);
    for (first, again) in first.zip(&again.answers) {
        twice += usize::from(first? && calls::is_accepted(again)?);
    }
    Ok(twice)
}

/// Holds the last sample against that after the first third, when all has been done once.
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
