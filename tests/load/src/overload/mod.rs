//! Overload: ten times the load that a verifier can serve. Measures how soon excess calls are
//! refused, how much goodput remains, and how soon the verifier recovers.
//!
//! # Two bottlenecks
//! - **The store.** It serves about a thousand calls a second and leaves the verifier idle time.
//!   The load is a real ten times of that, and every bar is judged.
//! - **The processor.** A saturated processor has no time to refuse nine times the load over
//!   HTTP/2, and none for a generator of that load. So the load is ten times the concurrency limit
//!   in callers, and a refused caller returns after about a second, as the refusal asks. The
//!   generator then competes for the processor, so the time until a refusal is printed but not
//!   judged. Peak and flood alternate, and the median ratio counts.
//!
//! All guesses are for users without a code: an attacker who floods a verifier has no codes.

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

/// Options of `overload`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The duration of each flood, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u32,
}

/// The bandwidth of the slow store in bytes a second: about a thousand verifications.
const SLOW: u32 = 500_000;
/// The load as a multiple of the capacity.
const TIMES: usize = 10;
/// The verifier's initial concurrency limit.
const WORKED_FOR: usize = 256;
/// How often peak and flood alternate.
const ROUNDS: usize = 3;
/// The calls that measure the peak.
const PEAK_CALLS: usize = 5_000;
/// The sequential calls that measure the latency without load.
const CALM_CALLS: usize = 200;

/// The bars: p99 of refusals in milliseconds, goodput as a share of the peak, recovery in seconds.
const REFUSED_WITHIN: f64 = 5.0;
const LEAST_GOODPUT: f64 = 0.8;
const BACK_WITHIN: f64 = 5.0;

/// How long to wait for the recovery, and how long it must last.
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

/// Measures, prints the table, and fails if a bar is missed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let files = TempDir::new()?;
    let redis = Redis::start(files.path(), "")?;
    let length = Duration::from_secs(args.seconds.into());
    let missed = store(&redis, length).await? + processor(&redis, length).await?;
    ensure!(missed == 0, "figures that miss their bar: {missed}; the table shows which");
    Ok(())
}

async fn store(redis: &Redis, length: Duration) -> anyhow::Result<usize> {
    println!("bottleneck: a slow store");
    let slow = throttle::start(redis.at, SLOW)?;
    let site = Site::over(format!("redis://{slow}")).await?;
    let calm = calm(&site.login).await?;
    let peak = peak(&site.login).await?;
    let over = flood(&site.login, peak.rate() * TIMES as f64, length).await?;
    judge(&site, &calm, &peak, &over, true).await
}

async fn processor(redis: &Redis, length: Duration) -> anyhow::Result<usize> {
    println!("\nbottleneck: the processor");
    let site = Site::over(format!("redis://{}", redis.at)).await?;
    let calm = calm(&site.login).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (peak, call) = spending(&site, patient(&site.login, WORKED_FOR, length)).await?;
        let callers = TIMES * WORKED_FOR;
        let (over, with_refusals) = spending(&site, patient(&site.login, callers, length)).await?;
        println!(
            "  {:.0}/s of {:.0}/s, for {with_refusals:.1} us of the verifier's CPU per call, at the peak {call:.1} us",
            over.served.rate(),
            peak.served.rate(),
        );
        rounds.push((peak.served, over));
    }
    rounds.sort_by(|one, other| goodput(&one.0, &one.1).total_cmp(&goodput(&other.0, &other.1)));
    let (peak, over) = &rounds[ROUNDS / 2];
    judge(&site, &calm, peak, over, false).await
}

/// The result of a flood, and the verifier's processor time per served call in microseconds.
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

/// Goodput under overload as a share of the peak.
fn goodput(peak: &Outcome, over: &Flood) -> f64 {
    over.served.rate() / peak.rate()
}

fn guesses(count: usize) -> Vec<Bytes> {
    (0..count).map(guess).collect()
}

/// Measures the latency of sequential calls.
async fn calm(login: &Target) -> anyhow::Result<Outcome> {
    drive(login, guesses(CALM_CALLS), Pace::Single).await?.all_well()
}

/// The peak throughput of a closed loop: the best of several runs.
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

/// Prints the result of a flood that has just ended. Returns the number of missed bars.
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

/// The time until sequential calls are about as fast as before the flood, and stay so.
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
