//! The one `main` body. A service's own `main` is a line: `server::run::<Args, _>(build)`.
//!
//! | exit code | when |
//! | --- | --- |
//! | 0 | it was asked to stop, and stopped |
//! | 1 | it could not start: a port is taken, or something that it needs is missing |
//! | 64 | it was configured wrongly; every mistake is printed |
//! | 70 | a part of it failed |

use std::env;
use std::fmt::Display;
use std::future::Future;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use mimalloc::MiMalloc;
use settings::{Effective, Mistakes, variables};
use telemetry::Telemetry;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::connections::Limits;
use crate::listener::BindError;
use crate::process::{Process, ProcessArgs};
use crate::servers::Servers;

/// The allocator of every process: a request takes some a hundred times, at half of the
/// cost that the C library's has.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

/// `EX_USAGE` of sysexits.h.
const WRONG_CONFIGURATION: u8 = 64;
/// `EX_SOFTWARE` of sysexits.h.
const FAILED: u8 = 70;

/// How long tasks that block may hold up the end.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// A service's settings: its flags, and how they are checked.
pub trait Settings: Parser {
    /// The settings when they are known to be right.
    type Checked;

    /// The variables of this service and of those that may be given the same environment. Any other
    /// that begins as they do is a mistake.
    const VARIABLES: &[&str];

    /// The flags that every process has.
    fn process(&self) -> &ProcessArgs;

    /// Checks the service's own flags; `None` once a mistake is noted.
    fn check(self, mistakes: &mut Mistakes) -> Option<Self::Checked>;
}

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It was configured wrongly.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// A listener could not be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Something else was in the way.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl StartError {
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Mistakes(_) => WRONG_CONFIGURATION,
            Self::Bind(_) | Self::Other(_) => 1,
        }
    }
}

/// Parses the command line, builds the service and serves it until it is asked to stop.
pub fn run<S, F>(build: impl FnOnce(S::Checked, Process) -> F) -> ExitCode
where
    S: Settings,
    F: Future<Output = Result<Servers, StartError>>,
{
    match parse::<S>() {
        Ok((settings, effective)) => run_with(settings, &effective, build),
        Err(code) => code,
    }
}

/// The version and the commit, for `--version`.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("POSTERN_COMMIT"), ")");

/// Parses the command line; otherwise prints the help or the mistakes.
///
/// # Errors
/// The exit code: success after `--help` and `--version`, 64 after a mistake.
pub fn parse<S: Parser>() -> Result<(S, Effective), ExitCode> {
    let mut command = S::command();
    let parsed = command.try_get_matches_from_mut(env::args_os()).and_then(|matches| {
        let settings = S::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        Ok((settings, Effective::of(&command, &matches)))
    });
    parsed.map_err(|error| {
        // If this fails too, the process has no way left to report it.
        let _ = error.print();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            _ => ExitCode::from(WRONG_CONFIGURATION),
        }
    })
}

/// Does what [`run`] does with settings that were parsed before.
pub fn run_with<S, F>(
    settings: S,
    effective: &Effective,
    build: impl FnOnce(S::Checked, Process) -> F,
) -> ExitCode
where
    S: Settings,
    F: Future<Output = Result<Servers, StartError>>,
{
    let mut mistakes = Mistakes::default();
    variables::check(&S::command(), S::VARIABLES, env::vars_os(), &mut mistakes);
    let process = settings.process().check(&mut mistakes);
    let checked = settings.check(&mut mistakes);
    let (Some(process), Some(checked), true) = (process, checked, mistakes.is_empty()) else {
        return stop(&mistakes, WRONG_CONFIGURATION);
    };
    let runtime = match runtime(process.threads) {
        Ok(runtime) => runtime,
        Err(error) => return stop(&error, 1),
    };
    let telemetry = {
        let _inside = runtime.enter();
        Telemetry::start(&process.telemetry, S::command().get_name())
    };
    let telemetry = match telemetry {
        Ok(telemetry) => telemetry,
        Err(error) => return stop(&error, WRONG_CONFIGURATION),
    };
    let lines = telemetry.lines();
    tracing::info!(version = VERSION, settings = %effective, "starting");
    let code = runtime.block_on(async {
        let code = serve(checked, process, build).await;
        // Inside the runtime, which sends the rest; on another thread, since it blocks.
        let _ = tokio::task::spawn_blocking(move || drop(telemetry)).await;
        code
    });
    runtime.shutdown_timeout(LAST_PATIENCE);
    lines.flush();
    code
}

/// One thread that does everything spends about two thirds, for each request, of what several spend
/// that hand their work to each other.
fn runtime(threads: NonZero<usize>) -> io::Result<Runtime> {
    let mut builder = match threads.get() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    // Ignored by the first, whose only thread is this one.
    builder.worker_threads(threads.get()).enable_all().build()
}

/// Builds the service, and serves it until it is asked to stop.
async fn serve<C, F>(checked: C, process: Process, build: impl FnOnce(C, Process) -> F) -> ExitCode
where
    F: Future<Output = Result<Servers, StartError>>,
{
    let drain = process.drain;
    let limits = Limits::of_process(process.connections_per_source);
    let servers = match build(checked, process).await {
        Ok(servers) => servers,
        Err(error) => return stop(&error, error.exit_code()),
    };
    let asked = match signals() {
        Ok(asked) => asked,
        Err(error) => return stop(&error, 1),
    };
    match servers.serve(limits, drain, asked).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stop(&error, FAILED),
    }
}

/// Prints why the process ends, a line for each reason.
fn stop(reasons: &dyn Display, code: u8) -> ExitCode {
    let mut errors = io::stderr().lock();
    for reason in reasons.to_string().lines() {
        // If this fails too, the process has no way left to report it.
        let _ = writeln!(errors, "error: {reason}");
    }
    ExitCode::from(code)
}

/// Counts the signals that ask the process to stop.
fn signals() -> io::Result<watch::Receiver<u32>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            count.send_modify(|asked| *asked += 1);
        }
    });
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wrong_configuration_is_a_usage_error() {
        let mistakes = StartError::from(Mistakes(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((mistakes.exit_code(), mistakes.to_string()), (64, "a\nb".to_owned()));
        assert_eq!(StartError::from(BindError(Vec::new())).exit_code(), 1);
        let other = StartError::from(anyhow::anyhow!("inner").context("outer"));
        assert_eq!((other.exit_code(), other.to_string()), (1, "outer: inner".to_owned()));
    }
}
