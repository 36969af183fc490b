//! `postern generate`: a project that runs a journey, and whether a project is still up to date.

use std::path::PathBuf;
use std::process::ExitCode;

use assembly::configuration::ConfigArgs;
use config::{Configuration, Source};
use generate::{GenerateError, Target};

use crate::demo;
use crate::told::{USAGE, errors, told};

/// What to generate or check. Without --config, the journeys are those of the demo.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    project: Option<Project>,
    /// The folder of a project: exits 0 while its journey's forms and parameters are unchanged, else 1
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "Project",
        required_unless_present = "target"
    )]
    check: Option<PathBuf>,
}

/// A project to generate.
#[derive(clap::Args)]
struct Project {
    /// The kind of project
    target: Kind,
    /// The id of the journey
    journey: String,
    /// The public client that runs it
    #[arg(long, value_name = "ID")]
    client: String,
    /// The URL of the Postern, as the app reaches it
    #[arg(long, value_name = "URL")]
    server: String,
    /// The folder to write to, which must be empty or missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Overwrites the files of a folder that is not empty
    #[arg(long)]
    force: bool,
}

/// A kind of project.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// A page: Vite, TypeScript and the Web SDK
    Web,
    /// An app in Kotlin, on a client of the protocol that needs no SDK
    Android,
    /// A Swift package with a client of the protocol that needs no SDK
    Ios,
}

/// Generates or checks.
pub(crate) fn run(args: &Args) -> ExitCode {
    let source = args.config.config.clone().map_or_else(demo::shown, Source::Folder);
    let (lines, code) = match Configuration::read(&source) {
        Ok(configuration) => done(args, &configuration)
            .unwrap_or_else(|error| (errors([error]), ExitCode::from(USAGE))),
        Err(problems) => (errors(problems), ExitCode::from(USAGE)),
    };
    told(&lines, code)
}

fn done(
    args: &Args,
    configuration: &Configuration,
) -> Result<(Vec<String>, ExitCode), GenerateError> {
    let mut lines = Vec::new();
    if let Some(Project { target, journey, client, server, out, force }) = &args.project {
        let target = match target {
            Kind::Web => Target::Web,
            Kind::Android => Target::Android,
            Kind::Ios => Target::Ios,
        };
        let files = generate::generate(target, configuration, journey, client, server)?;
        generate::write(out, &files, *force)?;
        let folder = out.display();
        lines
            .push(format!("{folder}: {} files; {folder}/README.md says how to go on", files.len()));
    }
    let mut code = ExitCode::SUCCESS;
    if let Some(folder) = &args.check {
        let is_current = generate::is_current(folder, configuration)?;
        let state = if is_current {
            "up to date"
        } else {
            code = ExitCode::FAILURE;
            "the journey's forms or parameters have changed: generate into another folder and compare"
        };
        lines.push(format!("{}: {state}", folder.display()));
    }
    Ok((lines, code))
}
