//! Starts a console.

use std::process::ExitCode;

use console::settings::{Args, start};

fn main() -> ExitCode {
    server::run::<Args, _>(start)
}
