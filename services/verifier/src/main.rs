//! Starts a verifier.

use std::process::ExitCode;

use verifier::settings::{Args, start};

fn main() -> ExitCode {
    chassis::run::<Args, _>(start)
}
