//! Starts `postern`, the three services in one process, or checks a configuration for it.

mod check;
mod demo;
mod settings;
mod start;
mod welcome;

use std::process::ExitCode;

use crate::settings::{Command, Postern};

fn main() -> ExitCode {
    match server::parse::<Postern>() {
        Ok((Postern { command: Some(Command::Check { folder }), .. }, _)) => check::check(&folder),
        Ok((Postern { command: None, serve }, effective)) => {
            server::run_with(serve, &effective, start::start)
        }
        Err(code) => code,
    }
}
