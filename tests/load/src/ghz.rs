//! Runs ghz with each of its configurations and prints one table of the results; then signs users in over HTTP.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use prost_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::redis_server::Redis;
use crate::seed::{header, seed};
use crate::sign_ins::{self, Way};
use crate::stack::{Stack, USUAL};
use crate::{calls, metrics};

/// Options of `ghz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The ghz to run
    #[arg(long)]
    ghz: PathBuf,
    /// How often to call each rpc
    #[arg(long, default_value_t = 20_000)]
    calls: usize,
    /// Concurrent calls, each on its own connection [default: as in the configurations]
    #[arg(long)]
    concurrency: Option<usize>,
}

/// The configurations in `ghz/`, in the order of the runs.
const RUNS: [&str; 6] =
    ["issue", "describe-code", "verify", "verify-wrong", "describe-lockout", "journey"];

/// One call, as ghz reports it.
#[derive(Deserialize, Serialize)]
struct Call {
    /// The end of the call, in RFC 3339.
    timestamp: String,
    /// Nanoseconds.
    latency: u64,
    error: String,
    status: String,
}

/// Starts the services, runs ghz, and fails if a call failed.
pub(crate) async fn run(args: &Args) -> anyhow::Result<()> {
    let folder = Path::new("tests/load");
    let (data, reports) = (folder.join("data"), folder.join("reports"));
    fs::create_dir_all(&reports)?;
    let redis_files = tempfile::TempDir::new()?;
    let redis = Redis::start(redis_files.path(), "")?;
    let stack = Stack::on(&redis)?;
    let verifier = stack.verifier(USUAL, &[])?;
    let (runner, pages) = stack.runner(&verifier)?;
    let (issuer, http) = stack.issuer_that_redeems(&runner)?;
    for caller in ["desk", "login", "backend"] {
        header(&stack.token(http, &format!("load-{caller}")).await?, caller, &data)?;
    }
    let desk = stack.target(http, "load-desk", calls::ISSUE, vec![issuer.grpc]).await?;
    seed(&desk, args.calls, &data).await?;

    println!(
        "{:<17} {:>7} {:>8} {:>9} {:>9} {:>9} {:>7}",
        "rpc", "calls", "rps", "p50 ms", "p95 ms", "p99 ms", "errors"
    );
    let mut failed = 0;
    for name in RUNS {
        let at = match name {
            "issue" | "describe-code" => issuer.grpc,
            "journey" => runner.grpc,
            _ => verifier.grpc,
        };
        let calls = one(args, &folder.join("ghz").join(name), at, &reports.join(name))?;
        failed += tell(name, calls, args.calls)?;
    }
    ensure!(failed == 0, "{failed} calls failed: the reports say why");
    // ghz would count a denial as a success, so the denials are checked too.
    let denied = ("postern_denial", "wrong_code");
    for (label, expected) in [(("postern_action", "code.accepted"), 2), (denied, 1)] {
        let found = metrics::events(verifier.admin, label).await?;
        let expected = expected * args.calls;
        ensure!(found == expected, "{} happened {found} times, not {expected}", label.1);
    }
    println!("reports: {}", reports.display());
    let token = stack.token(http, "load-desk").await?;
    let way = Way { http: reqwest::Client::new(), issuer: http, runner: pages, token };
    // Each takes four calls, one of them a whole journey.
    sign_ins::run(&way, args.calls.div_ceil(5), args.concurrency.unwrap_or(32)).await
}

/// Runs one configuration. ghz writes only one kind of report; the HTML page contains every call.
fn one(args: &Args, config: &Path, at: SocketAddr, report: &Path) -> anyhow::Result<Vec<Call>> {
    let (page, config) = (report.with_extension("html"), config.with_extension("json"));
    let mut command = Command::new(&args.ghz);
    command.arg("--config").arg(&config).arg(at.to_string());
    command.args(["--total", &args.calls.to_string(), "--format", "html"]);
    if let Some(concurrency) = args.concurrency.map(|it| it.to_string()) {
        command.args(["--concurrency", &concurrency, "--connections", &concurrency]);
    }
    command.arg("--output").arg(&page).stdin(Stdio::null());
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("ghz fails: {command:?}");
    }
    let calls = calls_of(&fs::read_to_string(&page)?)?;
    fs::write(report.with_extension("json"), serde_json::to_vec(&calls)?)?;
    Ok(calls)
}

fn calls_of(page: &str) -> anyhow::Result<Vec<Call>> {
    let line = page.lines().find_map(|line| line.trim().strip_prefix("const rawData = "));
    let line = line.context("ghz's page holds no calls")?;
    Ok(serde_json::from_str(line.trim_end_matches(';'))?)
}

/// Seconds from the start of the first call to the end of the last.
fn span(calls: &[Call]) -> anyhow::Result<f64> {
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    for call in calls {
        let Timestamp { seconds, nanos } = call.timestamp.parse()?;
        let ended = seconds as f64 + f64::from(nanos) / 1e9;
        first = first.min(ended - call.latency as f64 / 1e9);
        last = last.max(ended);
    }
    Ok(last - first)
}

/// Prints a line of the table. Returns the number of calls that failed or were not made.
fn tell(name: &str, mut calls: Vec<Call>, asked: usize) -> anyhow::Result<usize> {
    let well = calls.iter().filter(|call| call.status == "OK").count();
    let failed = asked - well.min(asked);
    let seconds = span(&calls)?;
    calls.sort_unstable_by_key(|call| call.latency);
    let quantile = |share: usize| {
        let index = (calls.len() * share / 100).min(calls.len().saturating_sub(1));
        calls.get(index).map_or(0.0, |call| call.latency as f64 / 1e6)
    };
    println!(
        "{name:<17} {:>7} {:>8.0} {:>9.2} {:>9.2} {:>9.2} {failed:>7}",
        calls.len(),
        calls.len() as f64 / seconds,
        quantile(50),
        quantile(95),
        quantile(99),
    );
    Ok(failed)
}

#[test]
fn the_calls_are_read_from_the_page() {
    let page = "<script>\n\tconst rawData = [{\"timestamp\":\"2026-01-01T00:00:01.5Z\",\
        \"latency\":500000000,\"error\":\"\",\"status\":\"OK\"}];\n</script>";
    let calls = calls_of(page).expect("calls");
    assert_eq!((calls.len(), calls[0].status.as_str()), (1, "OK"));
    assert!((span(&calls).expect("times") - 0.5).abs() < 1e-6);
    assert!(calls_of("<script></script>").is_err());
}
