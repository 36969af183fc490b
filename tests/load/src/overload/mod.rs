//! Ten times what a verifier can do: how soon what is too much is refused, how much of what it can do
//! it goes on doing, and how soon it is itself again.
//!
//! # Which of the two it is that cannot do more
//! - **The store.** It lets about a thousand calls a second through, and the verifier has time to
//!   spare: the calls that come in are really ten times as many, and every bar is judged.
//! - **The processor.** One that is spent on the verifier's work has no time to refuse nine times as
//!   much over HTTP/2 as it does, and a generator beside it none to ask for that much. So it is asked
//!   by ten times as many callers as it works for at a time, each of whom comes back about a second
//!   after a refusal, as the refusal says. The generator is as busy then as what it measures, and takes
//!   its part of the processor: how long it waits for a refusal is printed, and not judged. Peak and
//!   flood take turns, and the middle one of their ratios counts.
//!
//! Users without a code are asked for: whoever floods a verifier has no codes.

mod flood;

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use tempfile::TempDir;

use self::flood::{Flood, flood, guess, patient};
use crate::calls;
use crate::generator::{Outcome, Pace, Target, drive};
use crate::redis_server::Redis;
use crate::stack::{Service, Stack, USUAL};
use crate::throttle;

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each flood lasts, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u32,
}

/// What a slow store lets through: about a thousand verifications.
const SLOW: u32 = 500_000;
/// How many times as much is asked for as can be done.
const TIMES: usize = 10;
/// How many callers the verifier works for at a time, to begin with.
const WORKED_FOR: usize = 256;
/// How often the peak and the flood take turns.
const ROUNDS: usize = 3;
/// Calls by which the peak is found.
const PEAK_CALLS: usize = 5_000;
/// Calls one by one, by which it is found how long one takes.
const CALM_CALLS: usize = 200;

/// The bars: milliseconds of 99 in 100 refusals, what is still done of what could be, seconds.
const REFUSED_WITHIN: f64 = 5.0;
const LEAST_GOODPUT: f64 = 0.8;
const BACK_WITHIN: f64 = 5.0;

/// How long a verifier is given to be itself again, and how long it must be that.
const PATIENCE: Duration = Duration::from_secs(30);
const STAYS_WELL: Duration = Duration::from_millis(500);

/// A verifier under test.
struct Site {
    verifier: Service,
    login: Target,
    _stack: Stack,
    _issuer: Service,
}

impl Site {
    async fn over(store: String) -> anyhow::Result<Self> {
        let stack = Stack::over(store)?;
        let (issuer, http) = stack.issuer(&[])?;
        let verifier = stack.verifier(USUAL, &[])?;
        let at = vec![verifier.grpc];
        let login = stack.target(http, "load-login", calls::VERIFY, at).await?;
        Ok(Self { verifier, login, _stack: stack, _issuer: issuer })
    }
}

/// Measures, prints the table, and fails where a bar is missed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let redis = Redis::start(files.path(), "")?;
    let length = Duration::from_secs(args.seconds.into());
    let missed = store(&redis, length).await? + processor(&redis, length).await?;
    ensure!(missed == 0, "{missed} figures are below their bar");
    Ok(())
}

async fn store(redis: &Redis, length: Duration) -> anyhow::Result<usize> {
    println!("a store that lets little through");
    let slow = throttle::start(redis.at, SLOW)?;
    let site = Site::over(format!("redis://{slow}")).await?;
    let calm = calm(&site.login).await?;
    let peak = peak(&site.login).await?;
    let over = flood(&site.login, peak.rate() * TIMES as f64, length).await?;
    judge(&site, &calm, &peak, &over, true).await
}

async fn processor(redis: &Redis, length: Duration) -> anyhow::Result<usize> {
    println!("\na processor that can do no more");
    let site = Site::over(format!("redis://{}", redis.at)).await?;
    let calm = calm(&site.login).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (peak, call) = spending(&site, patient(&site.login, WORKED_FOR, length)).await?;
        let callers = TIMES * WORKED_FOR;
        let (over, with_refusals) = spending(&site, patient(&site.login, callers, length)).await?;
        println!(
            "  {:.0}/s of {:.0}/s, for {with_refusals:.1} us of the verifier's processor each, and {call:.1} us",
            over.served.rate(),
            peak.served.rate(),
        );
        rounds.push((peak.served, over));
    }
    rounds.sort_by(|one, other| goodput(&one.0, &one.1).total_cmp(&goodput(&other.0, &other.1)));
    let (peak, over) = &rounds[ROUNDS / 2];
    judge(&site, &calm, peak, over, false).await
}

/// What came of a flood, and how many microseconds the verifier spent for each call that it served.
async fn spending(
    site: &Site,
    flood: impl Future<Output = anyhow::Result<Flood>>,
) -> anyhow::Result<(Flood, f64)> {
    let before = site.verifier.process.cpu()?;
    let flood = flood.await?;
    let spent = site.verifier.process.cpu()?.saturating_sub(before);
    let each = spent.as_secs_f64() * 1e6 / flood.served.durations.len() as f64;
    Ok((flood, each))
}

/// How much of what could be done was done.
fn goodput(peak: &Outcome, over: &Flood) -> f64 {
    over.served.rate() / peak.rate()
}

fn guesses(count: usize) -> Vec<Bytes> {
    (0..count).map(guess).collect()
}

/// How long a call takes that is the only one.
async fn calm(login: &Target) -> anyhow::Result<Outcome> {
    drive(login, guesses(CALM_CALLS), Pace::Single).await?.all_well()
}

/// What it does for as many callers as keep it busy: the best of some runs.
async fn peak(login: &Target) -> anyhow::Result<Outcome> {
    let mut best: Option<Outcome> = None;
    for _ in 0..3 {
        let outcome = drive(login, guesses(PEAK_CALLS), Pace::Full).await?;
        let failed = outcome.errors();
        ensure!(
            failed * 100 <= PEAK_CALLS,
            "{failed} calls failed without a flood: the machine is busy"
        );
        if best.as_ref().is_none_or(|best| best.rate() < outcome.rate()) {
            best = Some(outcome);
        }
    }
    Ok(best.expect("there were some"))
}

/// Prints what came of a flood that has just ended; answers with how many bars are missed.
async fn judge(
    site: &Site,
    calm: &Outcome,
    peak: &Outcome,
    over: &Flood,
    is_time_judged: bool,
) -> anyhow::Result<usize> {
    let back = back(site, calm.quantile(0.99)).await?;
    let Flood { asked, served, refused, statuses } = over;
    let line = |what, rate, outcome: &Outcome| {
        let milliseconds = |share| outcome.quantile(share).as_secs_f64() * 1e3;
        let (p50, p99) = (milliseconds(0.5), milliseconds(0.99));
        println!("  {what:<10} {rate:>9.0}/s   p50 {p50:>8.2} ms   p99 {p99:>8.2} ms");
    };
    line("calm", calm.rate(), calm);
    line("peak", peak.rate(), peak);
    println!("  {:<10} {asked:>9.0}/s   by status: {statuses:?}", "asked for");
    line("served", served.rate(), served);
    line("refused", refused.rate(), refused);
    let memory = site.verifier.process.memory()? as f64 / f64::from(1 << 20);
    println!("  {:<10} {memory:>9.1} MiB", "memory");
    let refused_within = refused.quantile(0.99).as_secs_f64() * 1e3;
    let judged =
        is_time_judged.then_some(("refused within, ms", refused_within, REFUSED_WITHIN, false));
    let figures = [
        ("goodput / peak", goodput(peak, over), LEAST_GOODPUT, true),
        ("itself again after, s", back.as_secs_f64(), BACK_WITHIN, false),
    ];
    let mut missed = 0;
    for (name, figure, bar, is_more_better) in judged.into_iter().chain(figures) {
        let is_missed = if is_more_better { figure < bar } else { figure > bar };
        missed += usize::from(is_missed);
        println!(
            "  {name:<22} {figure:>7.2}   bar {bar}{}",
            if is_missed { "   MISSED" } else { "" }
        );
    }
    Ok(missed)
}

/// How long until calls one by one take no longer than they did.
async fn back(site: &Site, calm: Duration) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut well_since = None;
    while begun.elapsed() < PATIENCE {
        let now = begun.elapsed();
        let outcome = drive(&site.login, guesses(10), Pace::Single).await?;
        let is_well = outcome.errors() == 0 && outcome.quantile(0.9) <= calm * 2;
        well_since = is_well.then(|| well_since.unwrap_or(now));
        if well_since.is_some_and(|since| begun.elapsed() > since + STAYS_WELL) {
            break;
        }
    }
    Ok(well_since.unwrap_or(PATIENCE))
}
