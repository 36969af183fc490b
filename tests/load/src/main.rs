//! Puts load on Postern and measures it. The scripts beside this crate build and run it.
//!
//! | subject | read |
//! | --- | --- |
//! | running ghz, signing users in | `ghz`, `seed`; `sign_ins` |
//! | comparison with reference services | `bench`, `reference` |
//! | behaviour at scale and over time | `scale`, `plot`, `soak` |
//! | behaviour under ten times the capacity | `overload`, `throttle` |
//! | effect of an unavailable telemetry collector | `telemetry` |
//! | making and timing calls | `generator`, `calls`, `paired` |
//! | processes of a run | `stack`, `redis_server`, `topology`, `process`, `sink` |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]
#![expect(clippy::disallowed_methods, reason = "it is outside, and draws no secret that matters")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is counted here stays far below 2^52"
)]

mod bench;
mod calls;
mod generator;
mod ghz;
mod metrics;
mod overload;
mod paired;
mod pb;
mod plot;
mod process;
mod redis_server;
mod reference;
mod scale;
mod seed;
mod sign_ins;
mod sink;
mod soak;
mod stack;
mod telemetry;
mod throttle;
mod topology;

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use crate::generator::Target;
use crate::reference::Behind;

/// Puts load on Postern
#[derive(Parser)]
enum Command {
    /// Runs ghz against services that it starts
    Ghz(ghz::Args),
    /// Measures Postern against references
    Bench(bench::Args),
    /// Measures with more codes, servers and processes, and draws the results
    Scale(scale::Args),
    /// Runs load for a long time while Redis fails over, and fails if memory or connections grow
    Soak(soak::Args),
    /// Sends ten times the load that a verifier can serve
    Overload(overload::Args),
    /// Measures calls while the telemetry collector is unavailable
    Telemetry(telemetry::Args),
    /// Writes the requests that ghz sends to services that already run
    Seed {
        /// The gRPC address of the code issuer, without TLS
        #[arg(long)]
        issuer: String,
        /// A file with the access token of a client with the scope codes:issue
        #[arg(long)]
        token: PathBuf,
        /// The number of codes in each file
        #[arg(long, default_value_t = 20_000)]
        calls: usize,
    },
    /// Serves a reference
    #[command(hide = true)]
    Reference {
        behind: Behind,
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long, default_value = "")]
        redis: String,
    },
    /// Receives telemetry
    #[command(hide = true)]
    Sink {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        deaf: bool,
    },
}

/// Every failure, a missed bar included, ends with one line and exit code 1. Returned from `main`, an
/// error would come with a stack trace where `RUST_BACKTRACE` is set.
fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Reference { behind, listen, redis } => reference::serve(behind, listen, &redis),
        Command::Sink { listen, deaf } => sink::serve(listen, deaf),
        Command::Ghz(args) => alone(ghz::run(&args)),
        Command::Bench(args) => alone(bench::run(args)),
        Command::Scale(args) => alone(scale::run(&args)),
        Command::Soak(args) => alone(soak::run(&args)),
        Command::Overload(args) => alone(overload::run(&args)),
        Command::Telemetry(args) => alone(telemetry::run(&args)),
        Command::Seed { issuer, token, calls } => alone(async {
            let at = issuer.to_socket_addrs()?.next().context("--issuer leads nowhere")?;
            let token = fs::read_to_string(token)?.trim().to_owned();
            let desk = Target { at: vec![at], path: calls::ISSUE, token };
            seed::seed(&desk, calls, &PathBuf::from("tests/load/data")).await
        }),
    }
}

/// Runs on one thread, so that the generator takes at most one core from the measured services.
fn alone(run: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run)
}
