//! The iOS project: a Swift package with a client of the protocol, and an app's code on it.

use askama::Template;

use crate::error::GenerateError;
use crate::model::App;
use crate::project::{File, TRANSCRIPT, copied, text};
use crate::screens::Screens;

#[derive(Template)]
#[template(path = "ios/README.md")]
struct Readme<'a>(&'a App<'a>);

#[derive(Template)]
#[template(path = "ios/Sources/Recovery/JourneyModel.swift")]
struct JourneyModel<'a> {
    screens: &'a Screens<'a>,
}

#[derive(Template)]
#[template(path = "ios/Sources/Recovery/Settings.swift")]
struct Settings<'a> {
    client: &'a str,
    server: &'a str,
}

#[derive(Template)]
#[template(path = "ios/Sources/Recovery/Steps.swift")]
struct Steps<'a> {
    application: &'a str,
    screens: &'a Screens<'a>,
}

#[derive(Template)]
#[template(path = "ios/Sources/Recovery/ViewController.swift")]
struct ViewController<'a> {
    journey: &'a str,
}

/// The files of the project.
pub(crate) fn files(app: &App<'_>) -> Result<Vec<File>, GenerateError> {
    let App { application, client, server, journey, screens } = app;
    let mut files: Vec<File> = copied!["ios":
        "Package.swift",
        "Sources/PosternIdo/JSON.swift",
        "Sources/PosternIdo/Journeys.swift",
        "Sources/PosternIdo/Response.swift",
        "Sources/PosternIdo/TSIdo.swift",
        "Sources/PosternIdo/TSIdoTypes.swift",
        "Sources/PosternIdo/Transport.swift",
        "Sources/Recovery/Form.swift",
        "Sources/Recovery/Screen.swift",
        "Tests/PosternIdoTests/TranscriptTests.swift",
    ];
    files.extend([
        (".gitignore", include_str!("../templates/ios/gitignore").to_owned()),
        ("Tests/PosternIdoTests/transcript.json", TRANSCRIPT.to_owned()),
        ("README.md", text(&Readme(app))?),
        ("Sources/Recovery/JourneyModel.swift", text(&JourneyModel { screens })?),
        ("Sources/Recovery/Settings.swift", text(&Settings { client, server: server.as_str() })?),
        ("Sources/Recovery/Steps.swift", text(&Steps { application, screens })?),
        ("Sources/Recovery/ViewController.swift", text(&ViewController { journey })?),
    ]);
    Ok(files)
}
