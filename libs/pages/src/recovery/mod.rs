//! The recovery page: shows a journey of a public client, screen by screen. Plain files, no request
//! to another host; it speaks the protocol that the Web SDK speaks.

mod document;

use std::sync::Arc;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};
use codes::ids::ClientId;
use config::{Application, Client, ClientKind, Configuration};
use definitions::{Journey, JourneyId};
use serde::Deserialize;

use crate::language::{Language, accepted};
use crate::secured;

/// Nothing but our own files, no frames, and no form is sent: scripts call the journey runner.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The page and its assets. Where no page is served, `missing` answers.
pub fn routes<S: Clone + Send + Sync + 'static>(missing: fn() -> Response) -> Router<S> {
    let script = |body| asset("text/javascript", body);
    Router::new()
        .route(
            "/",
            get(async move |configuration, asked, headers: HeaderMap| {
                page(configuration, asked, &headers).unwrap_or_else(missing)
            }),
        )
        .route("/style.css", asset("text/css", include_str!("../../page/style.css")))
        .route("/recovery.js", script(include_str!("../../page/recovery.js")))
        .route("/journey.js", script(include_str!("../../page/journey.js")))
        .route("/screen.js", script(include_str!("../../page/screen.js")))
        .route("/form.js", script(include_str!("../../page/form.js")))
        .route("/pairing.js", script(include_str!("../../page/pairing.js")))
        .route("/page.js", script(include_str!("../../page/page.js")))
        .route("/code.js", script(include_str!("../../page/code.js")))
        .route("/icon.svg", asset("image/svg+xml", include_str!("../../page/icon.svg")))
}

fn asset<S: Clone + Send + Sync + 'static>(
    content_type: &'static str,
    body: &'static str,
) -> MethodRouter<S> {
    get(
        move || async move { secured(content_type, "public, max-age=300", POLICY, body.to_owned()) },
    )
}

/// What the address of the page names.
#[derive(Default, Deserialize)]
struct Asked {
    client_id: Option<String>,
    journey: Option<String>,
}

/// A journey, and the client as which the page runs it.
struct Host<'a> {
    application: &'a Application,
    client: &'a Client,
    journey: &'a Journey,
}

/// An authorization request, for which the page runs the client's journey.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The application of the client.
    pub application: &'a Application,
    /// The client that asks.
    pub client: &'a Client,
    /// The request, sealed: the page sends it back.
    pub interaction: &'a str,
    /// A name for the request: a reload continues its journey.
    pub fingerprint: &'a str,
    /// What the client believes to be the user's identifier.
    pub login_hint: Option<&'a str>,
    /// The languages that the client says the user prefers, separated by blanks.
    pub ui_locales: Option<&'a str>,
}

/// The page that runs a client's journey for an authorization request, if the client has one.
pub fn sign_in(
    configuration: &Configuration,
    request: &Request<'_>,
    headers: &HeaderMap,
) -> Option<Response> {
    let Request { application, client, .. } = *request;
    let journey = configuration.journey(client.openid.as_ref()?)?;
    let host = Host { application, client, journey };
    let named = request.ui_locales.unwrap_or_default().replace(' ', ",");
    let language = Language::preferred(&format!("{named},{}", accepted(headers)));
    Some(html(document::render(&host, language, Some(request))))
}

/// The page for an authorization request without a known client and redirect URI.
pub fn bad_link(headers: &HeaderMap) -> Response {
    html(document::bad_link(Language::of(headers)))
}

fn html(text: String) -> Response {
    crate::document(POLICY, text)
}

/// The page of the journey that is asked for, if there is one.
fn page(
    Extension(configuration): Extension<Arc<Configuration>>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: &HeaderMap,
) -> Option<Response> {
    let host = asked.ok().and_then(|Query(asked)| host(&configuration, &asked))?;
    Some(html(document::render(&host, Language::of(headers), None)))
}

/// Chooses the client and its journey: those that are named, or else the first public client (that may
/// run the named journey) and the first of its journeys.
fn host<'a>(configuration: &'a Configuration, asked: &Asked) -> Option<Host<'a>> {
    let parsed = |id: &String| JourneyId::parse(id).ok();
    let journey = match &asked.journey {
        Some(id) => Some(parsed(id)?),
        None => None,
    };
    let host = |application: &'a Application, client: &'a Client| {
        let ClientKind::Public { journeys, .. } = &client.kind else { return None };
        let id = match &journey {
            Some(id) => journeys.iter().find(|it| *it == id),
            None => journeys.first(),
        };
        Some(Host { application, client, journey: configuration.journey(id?)? })
    };
    if let Some(id) = &asked.client_id {
        let (application, client) = configuration.client(&ClientId::parse(id).ok()?)?;
        return host(application, client);
    }
    configuration.applications().find_map(|application| {
        application.clients.values().find_map(|client| host(application, client))
    })
}

#[cfg(test)]
mod tests {
    use config::Source;

    use super::*;

    #[test]
    fn the_page_is_that_of_the_client_and_journey_asked_for_or_of_the_first() {
        let page = "redirect_uris: [\"http://127.0.0.1:8080\"]";
        let application = |name: &str| {
            format!(
                "id: {name}\nname: {name}\nclients:\n  \
                 - {{ id: {name}-web, {page}, journeys: [second, first] }}\n  \
                 - {{ id: {name}-other, {page}, journeys: [other] }}\n  \
                 - {{ id: {name}-desk, secret_sha256: {}, scopes: [journeys:run] }}\n",
                "f".repeat(64)
            )
        };
        let journey = |id: &str| format!("id: {id}\nstart: a\nsteps:\n  a: {{ type: complete }}\n");
        let configuration = Configuration::read(&Source::from_files([
            ("applications/acme.yaml", application("acme").as_str()),
            ("applications/globex.yaml", &application("globex")),
            ("journeys/first.yaml", &journey("first")),
            ("journeys/second.yaml", &journey("second")),
            ("journeys/other.yaml", &journey("other")),
            ("journeys/nobody.yaml", &journey("nobody")),
        ]))
        .expect("valid");
        for (client, journey, served) in [
            // Clients stand in the order of their ids, journeys in that of the file.
            (None, None, Some("acme-other other")),
            (Some("acme-web"), None, Some("acme-web second")),
            (Some("acme-web"), Some("first"), Some("acme-web first")),
            (Some("globex-web"), None, Some("globex-web second")),
            (Some("globex-other"), None, Some("globex-other other")),
            (None, Some("first"), Some("acme-web first")),
            (Some("globex-other"), Some("first"), None),
            (Some("globex-desk"), Some("first"), None),
            (Some("globex-desk"), None, None),
            (Some("initech-web"), None, None),
            (Some("acme-web"), Some("nobody"), None),
            (Some("acme-web"), Some("No id"), None),
            (Some(""), None, None),
            (Some("no id"), None, None),
        ] {
            let asked =
                Asked { client_id: client.map(str::to_owned), journey: journey.map(str::to_owned) };
            let host = host(&configuration, &asked);
            let named = host.as_ref().map(|it| format!("{} {}", it.client.id, it.journey.id()));
            assert_eq!(named.as_deref(), served, "{client:?} {journey:?}");
            if let Some(Host { application, client, .. }) = host {
                assert!(client.id.as_str().starts_with(application.id.as_str()));
            }
        }
    }
}
