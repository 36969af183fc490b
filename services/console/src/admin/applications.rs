//! The applications: their clients, where those may be called from, and what a page begins with.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use config::{Application, Client, ClientKind, Users};

use super::{Reader, listed};
use crate::Console;
use crate::page::{self, Frame};

const PATH: &str = "/applications";

pub(crate) fn routes() -> Router<Console> {
    Router::new().route(PATH, get(list))
}

#[derive(Template)]
#[template(path = "admin/applications.html")]
struct ApplicationsPage<'c> {
    frame: Frame,
    cards: Vec<Card<'c>>,
}

/// An application.
struct Card<'c> {
    application: &'c Application,
    users: String,
    clients: Vec<Row<'c>>,
}

/// A client of an application.
struct Row<'c> {
    id: &'c str,
    kind: &'static str,
    /// Scopes of a backend, journeys of a page.
    may: String,
    redirect_uris: String,
    is_public: bool,
}

async fn list(reader: Reader) -> Response {
    let cards = reader.configuration.applications().map(Card::of).collect();
    page::html(StatusCode::OK, &ApplicationsPage { frame: reader.frame(PATH), cards })
}

impl<'c> Card<'c> {
    fn of(application: &'c Application) -> Self {
        let users = match &application.users {
            Users::Opaque => "the identifier is the user".to_owned(),
            Users::File(users) => format!("a file with {} identifiers", users.identifiers().len()),
            Users::Remote => "a directory over gRPC".to_owned(),
        };
        Self { application, users, clients: application.clients.values().map(Row::of).collect() }
    }
}

impl<'c> Row<'c> {
    fn of(client: &'c Client) -> Self {
        let (kind, may, is_public) = match &client.kind {
            ClientKind::Confidential { scopes, .. } => ("backend", listed(scopes), false),
            ClientKind::Public { journeys, .. } => ("page or app", listed(journeys), true),
        };
        let redirect_uris = listed(&client.redirect_uris);
        Self { id: client.id.as_str(), kind, may, redirect_uris, is_public }
    }
}
