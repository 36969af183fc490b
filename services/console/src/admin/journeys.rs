//! The identity journeys: a list, and each as a drawing and as a table.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use definitions::Journey;
use drawing::Diagram;

use super::{Reader, listed};
use crate::Console;
use crate::page::{self, Frame};

pub(super) const PATH: &str = "/journeys";

pub(crate) fn routes() -> Router<Console> {
    Router::new().route(PATH, get(list)).route("/journeys/{id}", get(one))
}

#[derive(Template)]
#[template(path = "admin/journeys.html")]
struct JourneysPage {
    frame: Frame,
    journeys: Vec<Row>,
}

struct Row {
    id: String,
    steps: usize,
    clients: String,
}

#[derive(Template)]
#[template(path = "admin/journey.html")]
struct JourneyPage<'j> {
    frame: Frame,
    diagram: Diagram<'j>,
    clients: String,
    parameters: String,
}

async fn list(reader: Reader) -> Response {
    let row = |journey: &std::sync::Arc<Journey>| Row {
        id: journey.id().to_string(),
        steps: Diagram::of(journey).steps.len(),
        clients: runners(&reader, journey),
    };
    let journeys = reader.configuration.journeys().map(row).collect();
    page::html(StatusCode::OK, &JourneysPage { frame: reader.frame(PATH), journeys })
}

async fn one(reader: Reader, Path(id): Path<String>) -> Response {
    let Some(journey) = reader.journey(&id) else { return unknown() };
    let page = JourneyPage {
        frame: reader.frame(PATH),
        diagram: Diagram::of(journey),
        clients: runners(&reader, journey),
        parameters: listed(journey.params()),
    };
    page::html(StatusCode::OK, &page)
}

/// The page for a journey that is not there.
pub(super) fn unknown() -> Response {
    let text = "The configuration has no journey of this name.";
    page::message(StatusCode::NOT_FOUND, "No such journey", text)
}

fn runners(reader: &Reader, journey: &Journey) -> String {
    listed(reader.clients(journey).map(|it| &it.id))
}
