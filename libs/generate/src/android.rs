//! The Android project: a client of the protocol in pure Kotlin, and an app on it.

use askama::Template;
use definitions::FieldKind;

use crate::error::GenerateError;
use crate::model::App;
use crate::project::{File, TRANSCRIPT, copied, text};
use crate::screens::{Field, Screens};

#[derive(Template)]
#[template(path = "android/README.md")]
struct Readme<'a>(&'a App<'a>);

#[derive(Template)]
#[template(path = "android/app/src/main/kotlin/com/example/recovery/MainViewModel.kt")]
struct MainViewModel<'a> {
    journey: &'a str,
    screens: &'a Screens<'a>,
}

#[derive(Template)]
#[template(path = "android/app/src/main/kotlin/com/example/recovery/Settings.kt")]
struct Settings<'a> {
    client: &'a str,
    server: &'a str,
}

#[derive(Template)]
#[template(path = "android/app/src/main/kotlin/com/example/recovery/Steps.kt")]
struct Steps<'a> {
    application: &'a str,
    screens: &'a Screens<'a>,
}

impl Field<'_> {
    /// The constant of the kind.
    fn kind_name(&self) -> &'static str {
        match self.kind {
            FieldKind::Identifier => "Identifier",
            FieldKind::Code => "Code",
            FieldKind::Text => "Text",
        }
    }
}

/// The files of the project.
pub(crate) fn files(app: &App<'_>) -> Result<Vec<File>, GenerateError> {
    let App { application, client, server, journey, screens } = app;
    let mut files: Vec<File> = copied!["android":
        "settings.gradle.kts",
        "sdk/pom.xml",
        "sdk/src/main/kotlin/dev/postern/ido/Journeys.kt",
        "sdk/src/main/kotlin/dev/postern/ido/Response.kt",
        "sdk/src/main/kotlin/dev/postern/ido/TSIdo.kt",
        "sdk/src/main/kotlin/dev/postern/ido/TSIdoTypes.kt",
        "sdk/src/main/kotlin/dev/postern/ido/Transport.kt",
        "sdk/src/test/kotlin/dev/postern/ido/TranscriptTest.kt",
        "app/build.gradle.kts",
        "app/src/main/AndroidManifest.xml",
        "app/src/main/res/layout/activity_main.xml",
        "app/src/main/kotlin/com/example/recovery/Form.kt",
        "app/src/main/kotlin/com/example/recovery/MainActivity.kt",
        "app/src/main/kotlin/com/example/recovery/Screen.kt",
    ];
    files.extend([
        (".gitignore", include_str!("../templates/android/gitignore").to_owned()),
        ("sdk/src/test/resources/transcript.json", TRANSCRIPT.to_owned()),
        ("README.md", text(&Readme(app))?),
        (
            "app/src/main/kotlin/com/example/recovery/MainViewModel.kt",
            text(&MainViewModel { journey, screens })?,
        ),
        (
            "app/src/main/kotlin/com/example/recovery/Settings.kt",
            text(&Settings { client, server: server.as_str() })?,
        ),
        (
            "app/src/main/kotlin/com/example/recovery/Steps.kt",
            text(&Steps { application, screens })?,
        ),
    ]);
    Ok(files)
}
