//! Starts a code issuer.

use std::process::ExitCode;

use code_issuer::settings::{Args, start};

fn main() -> ExitCode {
    server::run::<Args, _>(start)
}
