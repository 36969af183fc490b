//! `postern check DIR`: whether a configuration is valid, and the odds of guessing a code.

use std::path::Path;
use std::process::ExitCode;

use config::Configuration;

use crate::told::{USAGE, errors, told};

/// Checks a folder: prints each warning and policy and exits 0, or prints every mistake and exits 64.
pub(crate) fn check(folder: &Path) -> ExitCode {
    let (lines, code) = match Configuration::load(folder) {
        Ok(configuration) => {
            let journeys = configuration.journeys().map(|it| format!("journey: {}", it.id()));
            let warnings = configuration.warnings().into_iter().map(|it| format!("warning: {it}"));
            let policies = configuration.policy_lines().into_iter();
            (warnings.chain(policies).chain(journeys).collect(), ExitCode::SUCCESS)
        }
        Err(problems) => (errors(problems), ExitCode::from(USAGE)),
    };
    let exposed = files::exposed();
    let warnings = exposed.iter().map(|file| {
        let file = file.display();
        format!(
            "warning: {file}: other users can read this secret: take the right from them (chmod o=)"
        )
    });
    let lines: Vec<_> = warnings.chain(lines).collect();
    told(&lines, code)
}
