//! `postern import mosaic FILE...`: exported journeys as files of a configuration folder.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use import::MAX_EXPORT;

use crate::told::{errors, told};

/// `EX_DATAERR` of sysexits.h.
const WRONG_EXPORT: u8 = 65;

/// The system that exported the journeys.
#[derive(clap::Subcommand)]
pub(crate) enum From {
    /// Journeys that Mosaic exports as JSON. Prints what to look at; refuses nodes that have no counterpart
    Mosaic {
        /// The exports. A journey that runs another needs that one too
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// The folder for the journeys. Existing files are never replaced
        #[arg(long, value_name = "DIR", default_value = "journeys")]
        out: PathBuf,
        /// Rejects access where a node has no counterpart, with a comment for the author
        #[arg(long)]
        stub: bool,
    },
}

/// Imports. Exits 0 with the files that were written, or 65 with everything that stands in the way.
pub(crate) fn run(from: &From) -> ExitCode {
    let From::Mosaic { files, out, stub } = from;
    let (lines, code) = match import(files, out, *stub) {
        Ok(lines) => (lines, ExitCode::SUCCESS),
        Err(mistakes) => (errors(mistakes), ExitCode::from(WRONG_EXPORT)),
    };
    told(&lines, code)
}

fn import(files: &[PathBuf], out: &Path, stub: bool) -> Result<Vec<String>, Vec<String>> {
    let (mut texts, mut mistakes) = (Vec::new(), Vec::new());
    for file in files {
        match read(file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            Err(error) => mistakes.push(format!("{}: cannot be read: {error}", file.display())),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let imported = import::import(&texts, stub);
    let imported = imported
        .map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    fs::create_dir_all(out).map_err(|error| vec![format!("{}: {error}", out.display())])?;
    let mut lines = Vec::new();
    for journey in imported {
        let file = out.join(format!("{}.yaml", journey.id));
        lines.extend(journey.notes.iter().map(|note| format!("note: {}: {note}", journey.id)));
        match write(&file, &journey.yaml) {
            Ok(()) => lines.push(format!("wrote: {}", file.display())),
            Err(error) => mistakes.push(format!("{}: cannot be written: {error}", file.display())),
        }
    }
    if mistakes.is_empty() { Ok(lines) } else { Err(mistakes) }
}

/// Reads no more than the importer takes, and one byte.
fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let bound = u64::try_from(MAX_EXPORT).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(bound).read_to_string(&mut text)?;
    Ok(text)
}

fn write(file: &Path, yaml: &str) -> io::Result<()> {
    File::create_new(file)?.write_all(yaml.as_bytes())
}
