//! Starts a verifier.

use std::process::ExitCode;

use verifier::settings::{Args, start};

fn main() -> ExitCode {
    server::run::<Args, _>(start)
}
