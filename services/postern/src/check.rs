//! `postern check DIR`: whether a configuration would be served, and what its policies come to.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use config::Configuration;

/// `EX_USAGE` of sysexits.h.
const WRONG_CONFIGURATION: u8 = 64;

/// Checks a folder: prints each warning and policy and exits 0, or prints every mistake and exits 64.
pub(crate) fn check(folder: &Path) -> ExitCode {
    let (lines, code) = match Configuration::load(folder) {
        Ok(configuration) => {
            let journeys = configuration.journeys().map(|it| format!("journey: {}", it.id()));
            let warnings = configuration.warnings().into_iter().map(|it| format!("warning: {it}"));
            let policies = configuration.policy_lines().into_iter();
            (warnings.chain(policies).chain(journeys).collect(), ExitCode::SUCCESS)
        }
        Err(problems) => {
            let lines: Vec<_> =
                problems.iter().map(|problem| format!("error: {problem}")).collect();
            (lines, ExitCode::from(WRONG_CONFIGURATION))
        }
    };
    let exposed = files::exposed();
    let warnings = exposed.iter().map(|file| {
        let file = file.display();
        format!(
            "warning: {file}: other users can read this secret: take the right from them (chmod o=)"
        )
    });
    let lines: Vec<_> = warnings.chain(lines).collect();
    // The reader has closed the output.
    let _ = writeln!(io::stdout(), "{}", lines.join("\n"));
    code
}
