//! The end of a command: its lines on standard output, and the exit code.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.h: the configuration or the arguments are wrong.
pub(crate) const USAGE: u8 = 64;

/// Mistakes as lines.
pub(crate) fn errors<E: Display>(mistakes: impl IntoIterator<Item = E>) -> Vec<String> {
    mistakes.into_iter().map(|mistake| format!("error: {mistake}")).collect()
}

/// Prints the lines and returns the code.
pub(crate) fn told(lines: &[String], code: ExitCode) -> ExitCode {
    // The reader may have closed the output.
    let _ = writeln!(io::stdout(), "{}", lines.join("\n"));
    code
}
