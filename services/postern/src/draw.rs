//! `postern draw JOURNEY`: a journey of a configuration as a picture or a table.

use std::process::ExitCode;

use assembly::configuration::ConfigArgs;
use config::{Configuration, Source};
use definitions::JourneyId;
use drawing::Diagram;

use crate::demo;
use crate::told::{USAGE, errors, told};

/// What to draw. Without --config, the journeys are those of the demo.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The id of the journey
    journey: String,
    #[command(flatten)]
    config: ConfigArgs,
    /// The format of the drawing
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
}

/// A format of a drawing.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A picture for browsers, in light and dark
    Svg,
    /// A flowchart for Markdown pages that render Mermaid
    Mermaid,
    /// A table in Markdown
    Table,
}

/// Draws. Exits 0 with the drawing, or 64 with every mistake.
pub(crate) fn run(args: &Args) -> ExitCode {
    match drawn(args) {
        Ok(drawing) => told(&[drawing], ExitCode::SUCCESS),
        Err(mistakes) => told(&errors(mistakes), ExitCode::from(USAGE)),
    }
}

fn drawn(args: &Args) -> Result<String, Vec<String>> {
    let source = args.config.config.clone().map_or_else(demo::shown, Source::Folder);
    let configuration = Configuration::read(&source);
    let configuration = configuration
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let id = JourneyId::parse(&args.journey).ok();
    let Some(journey) = id.and_then(|id| configuration.journey(&id)) else {
        let ids: Vec<_> = configuration.journeys().map(|it| it.id().to_string()).collect();
        let ids = ids.join(", ");
        return Err(vec![format!("journey `{}`: unknown; there are {ids}", args.journey)]);
    };
    let diagram = Diagram::of(journey);
    Ok(match args.format {
        Format::Svg => {
            let mistake = |error| vec![format!("journey `{}`: {error}", args.journey)];
            diagram.svg().map_err(mistake)?
        }
        Format::Mermaid => diagram.mermaid(),
        Format::Table => diagram.table(),
    })
}
