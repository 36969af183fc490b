//! The recovery page: a user id, a temporary code, and the way back in. Plain files, no external
//! request; it speaks the protocol that the Web SDK speaks.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use codes::code::Alphabet;
use config::{Application, Client, ClientKind, Configuration};
use journeys::definition::JourneyId;

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
        .route("/icon.svg", asset("image/svg+xml", include_str!("../../page/icon.svg")))
}

fn asset(
    content_type: &'static str,
    body: &'static str,
) -> axum::routing::MethodRouter<JourneyRunner> {
    get(move || async move { secured(content_type, "public, max-age=300", body.to_owned()) })
}

/// The page of the first public client that may run the journey. Where there is none, there is no
/// page.
async fn page(State(runner): State<JourneyRunner>) -> Response {
    let configuration = runner.live.current();
    let Some((application, client)) = host(&configuration) else {
        return super::refusal(chassis::http::Refusal::NotFound);
    };
    let inputmode = match application.policy.shape().alphabet() {
        Alphabet::Digits => "numeric",
        Alphabet::Base32 => "text",
    };
    let mut body = include_str!("../../page/index.html").to_owned();
    for (name, value) in [
        ("{{client_id}}", client.id.as_str()),
        ("{{journey_id}}", JOURNEY),
        ("{{application_name}}", &application.name),
        ("{{inputmode}}", inputmode),
    ] {
        body = body.replace(name, &escaped(value));
    }
    secured("text/html; charset=utf-8", "no-store", body)
}

/// The client as which the page runs, and its application.
fn host(configuration: &Configuration) -> Option<(&Application, &Client)> {
    let journey = JourneyId::parse(JOURNEY).ok()?;
    let is_host = |client: &&Client| {
        matches!(client.kind, ClientKind::Public { .. }) && client.may_run(&journey)
    };
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
    use super::*;

    #[test]
    fn a_name_cannot_bring_markup_into_the_page() {
        assert_eq!(escaped("A&B \"<script>'"), "A&amp;B &quot;&lt;script&gt;&#39;");
    }
}
