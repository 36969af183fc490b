//! The recovery page: a user id, a temporary code, and the way back in. Plain files, no external
//! request; it speaks the protocol that the Web SDK speaks.

use std::sync::Arc;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use codes::ids::ClientId;
use codes::shape::Alphabet;
use config::{Application, Client, ClientKind, Configuration};
use definitions::JourneyId;
use serde::Deserialize;

use crate::JourneyRunner;

/// Nothing but our own files, no frames, no forms that go elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The journey that the page runs.
const JOURNEY: &str = "temp-code-authentication";

/// The page and its assets.
pub(super) fn routes() -> Router<JourneyRunner> {
    Router::new()
        .route("/", get(page))
        .route("/style.css", asset("text/css", include_str!("../../page/style.css")))
        .route("/recovery.js", asset("text/javascript", include_str!("../../page/recovery.js")))
        .route("/code.js", asset("text/javascript", include_str!("../../page/code.js")))
        .route("/icon.svg", asset("image/svg+xml", include_str!("../../page/icon.svg")))
}

fn asset(
    content_type: &'static str,
    body: &'static str,
) -> axum::routing::MethodRouter<JourneyRunner> {
    get(move || async move { secured(content_type, "public, max-age=300", body.to_owned()) })
}

/// What an address may say of the page.
#[derive(Deserialize)]
struct Asked {
    client_id: Option<String>,
}

/// The page of the public client that is asked for, or else of the first that may run the journey.
/// Where there is none, there is no page.
async fn page(
    Extension(configuration): Extension<Arc<Configuration>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let host = asked.ok().and_then(|Query(asked)| host(&configuration, asked.client_id.as_deref()));
    let Some((application, client)) = host else {
        return super::refusal(server::http::Refusal::NotFound);
    };
    let shape = application.policy.shape();
    let inputmode = match shape.alphabet() {
        Alphabet::Digits => "numeric",
        Alphabet::Base32 => "text",
    };
    let mut body = include_str!("../../page/index.html").to_owned();
    for (name, value) in [
        ("{{client_id}}", client.id.as_str()),
        ("{{journey_id}}", JOURNEY),
        ("{{application_name}}", &application.name),
        ("{{inputmode}}", inputmode),
        ("{{code_length}}", &shape.length().to_string()),
        ("{{code_alphabet}}", shape.alphabet().as_str()),
        ("{{code_shape}}", &shape.to_string()),
    ] {
        body = body.replace(name, &escaped(value));
    }
    secured("text/html; charset=utf-8", "no-store", body)
}

/// The client as which the page runs, and its application.
fn host<'a>(
    configuration: &'a Configuration,
    asked: Option<&str>,
) -> Option<(&'a Application, &'a Client)> {
    let journey = JourneyId::parse(JOURNEY).ok()?;
    let is_host = |client: &&Client| {
        matches!(client.kind, ClientKind::Public { .. }) && client.may_run(&journey)
    };
    if let Some(id) = asked {
        let host = configuration.client(&ClientId::parse(id).ok()?)?;
        return is_host(&host.1).then_some(host);
    }
    configuration
        .applications()
        .find_map(|application| Some((application, application.clients.values().find(is_host)?)))
}

fn secured(content_type: &'static str, caching: &'static str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, body).into_response()
}

/// Text that means itself in HTML, also inside a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use config::Source;

    use super::*;

    #[test]
    fn the_page_is_that_of_the_client_asked_for_or_of_the_first() {
        let page = "redirect_uris: [\"http://127.0.0.1:8080\"]";
        let application = |name: &str| {
            format!(
                "id: {name}\nname: {name}\nclients:\n  \
                 - {{ id: {name}-web, {page}, journeys: [{JOURNEY}] }}\n  \
                 - {{ id: {name}-other, {page}, journeys: [other] }}\n  \
                 - {{ id: {name}-desk, secret_sha256: {}, scopes: [journeys:run] }}\n",
                "f".repeat(64)
            )
        };
        let journey = |id: &str| format!("id: {id}\nstart: a\nsteps:\n  a: {{ type: complete }}\n");
        let configuration = Configuration::read(&Source::from_files([
            ("applications/acme.yaml", application("acme").as_str()),
            ("applications/globex.yaml", &application("globex")),
            ("journeys/page.yaml", &journey(JOURNEY)),
            ("journeys/other.yaml", &journey("other")),
        ]))
        .expect("valid");
        for (asked, served) in [
            (None, Some("acme-web")),
            (Some("acme-web"), Some("acme-web")),
            (Some("globex-web"), Some("globex-web")),
            (Some("globex-other"), None),
            (Some("globex-desk"), None),
            (Some("initech-web"), None),
            (Some(""), None),
            (Some("no id"), None),
        ] {
            let host = host(&configuration, asked);
            assert_eq!(host.map(|(_, client)| client.id.as_str()), served, "{asked:?}");
            if let (Some((application, _)), Some(served)) = (host, served) {
                assert_eq!(format!("{}-web", application.id), served);
            }
        }
    }

    #[test]
    fn a_name_cannot_bring_markup_into_the_page() {
        assert_eq!(escaped("A&B \"<script>'"), "A&amp;B &quot;&lt;script&gt;&#39;");
    }
}
