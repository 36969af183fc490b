//! `postern schema FILE`: the JSON Schema of a file in the configuration folder, for editors, or of notices.

use std::io::{self, Write as _};
use std::process::ExitCode;

use config::schema;

/// A kind of file in the configuration folder, or of what Postern sends.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum File {
    /// applications/*.yaml
    Application,
    /// users/*.yaml
    Users,
    /// journeys/*.yaml
    Journey,
    /// agents/*.yaml
    Agents,
    /// The body of a notice
    Notice,
}

/// Prints the schema of that kind of file.
pub(crate) fn print(file: File) -> ExitCode {
    let schema = match file {
        File::Application => schema::APPLICATION,
        File::Users => schema::USERS,
        File::Journey => schema::JOURNEY,
        File::Agents => schema::AGENTS,
        File::Notice => notices::SCHEMA,
    };
    match io::stdout().write_all(schema.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
