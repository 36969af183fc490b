//! Starts `postern`, the three services in one process, or checks a configuration for it.

mod check;
mod demo;
mod settings;
mod start;
mod welcome;

use std::process::ExitCode;

use crate::settings::{Command, Postern};

fn main() -> ExitCode {
    match chassis::parse::<Postern>() {
        Ok((Postern { command: Some(Command::Check { folder }), .. }, _)) => check::check(&folder),
        Ok((Postern { command: None, serve }, effective)) => {
            chassis::run_with(serve, &effective, start::start)
        }
        Err(code) => code,
    }
}
