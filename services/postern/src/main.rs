//! Starts `postern`, the three services in one process, checks a configuration, or prints a schema of it.

mod check;
mod demo;
mod schema;
mod settings;
mod start;
mod welcome;

use std::process::ExitCode;

use crate::settings::{Command, Postern};

fn main() -> ExitCode {
    match server::parse::<Postern>() {
        Ok((Postern { command: Some(Command::Check { folder }), .. }, _)) => check::check(&folder),
        Ok((Postern { command: Some(Command::Schema { file }), .. }, _)) => schema::print(file),
        Ok((Postern { command: None, serve }, effective)) => {
            server::run_with(serve, &effective, start::start)
        }
        Err(code) => code,
    }
}
