//! The web project: Vite, TypeScript and the Web SDK as npm publishes it.

use askama::Template;

use crate::error::GenerateError;
use crate::model::App;
use crate::project::{File, copied, text};
use crate::screens::Screens;

#[derive(Template)]
#[template(path = "web/dotenv.env")]
struct Dotenv<'a>(&'a App<'a>);

#[derive(Template)]
#[template(path = "web/README.md")]
struct Readme<'a>(&'a App<'a>);

#[derive(Template)]
#[template(path = "web/src/journeyExecutor.ts")]
struct JourneyExecutor<'a> {
    journey: &'a str,
    screens: &'a Screens<'a>,
}

#[derive(Template)]
#[template(path = "web/src/steps.ts")]
struct Steps<'a> {
    application: &'a str,
    screens: &'a Screens<'a>,
}

/// The files of the project.
pub(crate) fn files(app: &App<'_>) -> Result<Vec<File>, GenerateError> {
    let App { application, journey, screens, .. } = app;
    let mut files: Vec<File> = copied!["web":
        "index.html",
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "src/form.ts",
        "src/main.ts",
        "src/page.ts",
        "src/screen.ts",
        "src/sdkState.ts",
        "src/style.css",
    ];
    files.extend([
        (".gitignore", include_str!("../templates/web/gitignore").to_owned()),
        (".env", text(&Dotenv(app))?),
        ("README.md", text(&Readme(app))?),
        ("src/journeyExecutor.ts", text(&JourneyExecutor { journey, screens })?),
        ("src/steps.ts", text(&Steps { application, screens })?),
    ]);
    Ok(files)
}
