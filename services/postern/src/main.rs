//! Starts `postern`, all services in one process; checks or compares configurations, prints a schema,
//! generates a project for one of its journeys, draws one, imports journeys into it, or handles the keys of notices.

mod check;
mod demo;
mod desk;
mod draw;
mod generate;
mod import;
mod people;
mod plan;
mod schema;
mod settings;
mod start;
mod told;
mod webhook;
mod welcome;

use std::process::ExitCode;

use crate::settings::{Command, Postern};

fn main() -> ExitCode {
    match server::parse::<Postern>() {
        Ok((Postern { command: Some(Command::Check { folder }), .. }, _)) => check::check(&folder),
        Ok((Postern { command: Some(Command::Schema { file }), .. }, _)) => schema::print(file),
        Ok((Postern { command: Some(Command::Generate(args)), .. }, _)) => generate::run(&args),
        Ok((Postern { command: Some(Command::Draw(args)), .. }, _)) => draw::run(&args),
        Ok((Postern { command: Some(Command::Plan(args)), .. }, _)) => plan::run(&args),
        Ok((Postern { command: Some(Command::Import { from }), .. }, _)) => import::run(&from),
        Ok((Postern { command: Some(Command::Webhook { command }), .. }, _)) => command.run(),
        Ok((Postern { command: None, serve }, effective)) => {
            server::run_with(serve, &effective, start::start)
        }
        Err(code) => code,
    }
}
