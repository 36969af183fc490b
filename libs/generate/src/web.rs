//! The web project: Vite, TypeScript and the Web SDK as npm publishes it.

use askama::Template;

use crate::error::GenerateError;
use crate::model::{App, Screens};
use crate::project::{File, text};

/// Files that are the same in every project.
const STATIC: [(&str, &str); 11] = [
    (".gitignore", include_str!("../templates/web/gitignore")),
    ("index.html", include_str!("../templates/web/index.html")),
    ("package.json", include_str!("../templates/web/package.json")),
    ("package-lock.json", include_str!("../templates/web/package-lock.json")),
    ("tsconfig.json", include_str!("../templates/web/tsconfig.json")),
    ("src/form.ts", include_str!("../templates/web/src/form.ts")),
    ("src/main.ts", include_str!("../templates/web/src/main.ts")),
    ("src/page.ts", include_str!("../templates/web/src/page.ts")),
    ("src/screen.ts", include_str!("../templates/web/src/screen.ts")),
    ("src/sdkState.ts", include_str!("../templates/web/src/sdkState.ts")),
    ("src/style.css", include_str!("../templates/web/src/style.css")),
];

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
    let mut files: Vec<_> =
        STATIC.into_iter().map(|(path, text)| (path, text.to_owned())).collect();
    files.extend([
        (".env", text(&Dotenv(app))?),
        ("README.md", text(&Readme(app))?),
        ("src/journeyExecutor.ts", text(&JourneyExecutor { journey, screens })?),
        ("src/steps.ts", text(&Steps { application, screens })?),
    ]);
    Ok(files)
}
