//! Starts a journey runner.

use std::process::ExitCode;

use journey_runner::settings::{Args, start};

fn main() -> ExitCode {
    server::run::<Args, _>(start)
}
