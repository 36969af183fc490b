//! Projects that run one journey: what `postern generate` writes.
//!
//! ```text
//! Configuration --model--> App --web, android, ios--> files --project--> a folder with a record
//! ```
//!
//! `model` finds the journey and its client, `screens` describes what the journey asks for, `escape` writes
//! the journey's texts into the literals of each language, `archive` packs the files, and `project` writes
//! them with the record by which [`is_current`] checks the project later. A project holds no secret: its
//! client is public.

mod android;
mod archive;
mod error;
mod escape;
mod ios;
mod model;
mod names;
mod project;
mod screens;
mod server;
mod web;

use std::path::Path;

use config::Configuration;

pub use archive::archive;
pub use error::GenerateError;
pub use project::{File, write};

use model::App;
use project::Record;

/// A kind of project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A page with Vite, TypeScript and the Web SDK.
    Web,
    /// An app in Kotlin.
    Android,
    /// A Swift package.
    Ios,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Web, Self::Android, Self::Ios];

    /// The name, as the command line has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Android => "android",
            Self::Ios => "ios",
        }
    }
}

/// The files of a project that runs a journey of a public client at the Postern of that URL.
///
/// # Errors
/// If the client may not run the journey, the URL is none, or a page cannot tell two forms of the journey
/// apart.
pub fn generate(
    target: Target,
    configuration: &Configuration,
    journey: &str,
    client: &str,
    server: &str,
) -> Result<Vec<File>, GenerateError> {
    let app = App::find(configuration, journey, client, server)?;
    let mut files = match target {
        Target::Web => web::files(&app)?,
        Target::Android => android::files(&app)?,
        Target::Ios => ios::files(&app)?,
    };
    files.push(Record::file(target.as_str(), &app)?);
    Ok(files)
}

/// Whether the journey still has the forms and parameters that the project in a folder was generated for.
///
/// # Errors
/// If the folder has no record of a project, or as [`generate`].
pub fn is_current(folder: &Path, configuration: &Configuration) -> Result<bool, GenerateError> {
    let record = Record::read(folder)?;
    let app = App::find(configuration, &record.journey, &record.client, &record.server)?;
    Ok(app.screens.fingerprint()? == record.fingerprint)
}
