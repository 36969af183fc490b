//! The integration code of a journey: the project that `postern generate` writes, file by file and as an
//! archive.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use config::{Client, ClientKind};
use generate::{File, GenerateError, Target, archive, generate};
use serde::Deserialize;

use super::{Reader, journeys};
use crate::page::{self, Frame};
use crate::{Console, words};

/// The longest text of a file that the page shows, in bytes. Lists of pinned packages are longer.
const LONGEST: usize = 16 * 1024;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/journeys/{id}/code", get(shown))
        .route("/journeys/{id}/code.tar", get(packed))
}

/// What the code is for, and the file to show.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    target: String,
    client: String,
    server: String,
    file: String,
}

#[derive(Template)]
#[template(path = "admin/integration.html")]
struct IntegrationPage<'a> {
    frame: Frame,
    journey: &'a str,
    asked: &'a Asked,
    clients: Vec<&'a str>,
    /// The files, or why there are none.
    files: Result<Vec<File>, String>,
}

impl IntegrationPage<'_> {
    /// The file to show: the one that was asked for, or the first to read.
    fn shown(&self) -> Option<&File> {
        let files = self.files.as_deref().unwrap_or_default();
        let named = |name: &str| files.iter().find(|(path, _)| *path == name);
        named(&self.asked.file).or_else(|| named("README.md"))
    }
}

impl Asked {
    fn files(&self, reader: &Reader, journey: &str) -> Result<Vec<File>, GenerateError> {
        let target = Target::ALL.into_iter().find(|it| it.as_str() == self.target);
        let target = target.unwrap_or(Target::Web);
        generate(target, &reader.configuration, journey, &self.client, &self.server)
    }
}

async fn shown(reader: Reader, Path(id): Path<String>, Query(mut asked): Query<Asked>) -> Response {
    let Some(journey) = reader.journey(&id) else { return journeys::unknown() };
    let is_public =
        |it: &&Client| it.may_run(journey.id()) && matches!(it.kind, ClientKind::Public { .. });
    let clients = reader.clients(journey).filter(is_public);
    let clients: Vec<_> = clients.map(|it| it.id.as_str()).collect();
    if asked.client.is_empty() {
        asked.client = clients.first().map(ToString::to_string).unwrap_or_default();
    }
    if asked.server.is_empty() {
        "https://recovery.example".clone_into(&mut asked.server);
    }
    let files = if clients.is_empty() {
        Err("No page or app may run this journey: name it under `journeys` of a client.".to_owned())
    } else {
        let files = asked.files(&reader, journey.id().as_str());
        files.map_err(|error| words::sentence(&error.to_string()))
    };
    let status = if files.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = reader.frame(journeys::PATH);
    let journey = journey.id().as_str();
    page::html(status, &IntegrationPage { frame, journey, asked: &asked, clients, files })
}

async fn packed(reader: Reader, Path(id): Path<String>, Query(asked): Query<Asked>) -> Response {
    let Some(journey) = reader.journey(&id) else { return journeys::unknown() };
    let journey = journey.id().as_str();
    match asked.files(&reader, journey) {
        Ok(files) => {
            let name = format!("attachment; filename=\"{journey}.tar\"");
            let headers = [
                (CONTENT_TYPE, "application/x-tar"),
                (CONTENT_DISPOSITION, name.as_str()),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, archive(journey, &files)).into_response()
        }
        Err(error) => {
            let text = words::sentence(&error.to_string());
            page::message(StatusCode::UNPROCESSABLE_ENTITY, "No code", &text)
        }
    }
}
