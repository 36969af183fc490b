//! `postern plan OLD NEW`: what a change of the configuration does, before it is rolled out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use config::Configuration;
use plan::Plan;

use crate::told::{USAGE, errors, told};

/// A control gets weaker: a build can ask for a second look.
const WEAKENED: u8 = 3;

/// What to compare.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder as it is
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The folder as it will be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The format of the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A format of a plan.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A line for each change
    Text,
    /// One JSON object
    Json,
}

/// Compares. Exits 0 if no control gets weaker, 3 if one does, 64 if a folder is not valid.
pub(crate) fn run(args: &Args) -> ExitCode {
    let (old, new) = match (load(&args.old), load(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let mistakes = [old.err(), new.err()].into_iter().flatten().flatten();
            return told(&errors(mistakes), ExitCode::from(USAGE));
        }
    };
    let plan = Plan::between(&old, &new);
    let lines = match args.format {
        Format::Json => vec![format!("{:#}", plan.json())],
        Format::Text if plan.changes.is_empty() => vec!["no changes".to_owned()],
        Format::Text => plan.changes.iter().map(ToString::to_string).collect(),
    };
    let code = if plan.is_weaker() { ExitCode::from(WEAKENED) } else { ExitCode::SUCCESS };
    told(&lines, code)
}

/// Loads a folder. Problems name it: both folders have files of the same names.
fn load(folder: &Path) -> Result<Configuration, Vec<String>> {
    Configuration::load(folder).map_err(|problems| {
        problems.iter().map(|problem| format!("{}: {problem}", folder.display())).collect()
    })
}
