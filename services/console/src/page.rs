//! How pages are written: from templates that escape every value, with headers that let them load nothing
//! but the console's own files.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use journeys::ports::StoreFault;
use server::http::Refusal;

use crate::url::sign_in;

/// Nothing but our own files, no frames, no forms that go elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages of the menu: path, name, and the scopes of which one is enough.
const MENU: [(&str, &str, &[&str]); 8] = [
    ("/desk", "Desk", &["codes:issue", "codes:read"]),
    ("/requests", "Requests", &["codes:read"]),
    ("/brakes", "Brakes", &["desk:brake"]),
    ("/applications", "Applications", &["codes:read"]),
    ("/passcodes", "One time passcodes", &["codes:read"]),
    ("/journeys", "Identity journeys", &["codes:read"]),
    ("/playground", "Playground", &["codes:read"]),
    ("/health", "Health", &["codes:read"]),
];

/// What surrounds every page.
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Who is signed in.
    pub(crate) agent: Option<String>,
    pub(crate) menu: Vec<Entry>,
}

/// An entry of the menu.
pub(crate) struct Entry {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) is_current: bool,
}

impl Frame {
    /// The frame of a page for an agent with a name and scopes.
    pub(crate) fn of(agent: &str, has: impl Fn(&str) -> bool, path: &str) -> Self {
        let shown = MENU.iter().filter(|(_, _, scopes)| scopes.iter().any(|it| has(it)));
        let menu: Vec<_> =
            shown.map(|&(at, name, _)| Entry { path: at, name, is_current: at == path }).collect();
        let title = menu.iter().find(|it| it.is_current).map_or("Console", |it| it.name).to_owned();
        Self { title, agent: Some(agent.to_owned()), menu }
    }

    fn of_nobody(title: &str) -> Self {
        Self { title: title.to_owned(), agent: None, menu: Vec::new() }
    }
}

/// A message, with at most one way on.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: Frame,
    text: &'a str,
    link: Option<(&'a str, &'a str)>,
    /// Whether other tabs learn that the person has left.
    has_left: bool,
}

/// A page.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_SECURITY_POLICY, POLICY),
            ];
            (status, headers, page).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn shown(status: StatusCode, title: &str, text: &str, link: Option<(&str, &str)>) -> Response {
    let frame = Frame::of_nobody(title);
    html(status, &Message { frame, text, link, has_left: false })
}

/// A message with a way back to the first page.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    shown(status, title, text, Some(("/", "Back to the console")))
}

/// A message after which the person signs in.
pub(crate) fn with_link(status: StatusCode, title: &str, text: &str, to: &str) -> Response {
    shown(status, title, text, Some((to, "Sign in")))
}

/// The page of a person who is not signed in.
pub(crate) fn signed_out(path: &str) -> Response {
    let text = "Sign in with your company's account.";
    with_link(StatusCode::FORBIDDEN, "Sign in", text, &sign_in(path, false))
}

/// The page after signing out.
pub(crate) fn left() -> Response {
    let frame = Frame::of_nobody("Signed out");
    let text = "Close the browser too if others use this machine: the identity provider may know you still.";
    let link = Some(("/sign-in", "Sign in"));
    html(StatusCode::OK, &Message { frame, text, link, has_left: true })
}

/// The page while sessions cannot be kept.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn away(fault: StoreFault) -> Response {
    tracing::warn!(%fault, "the sessions of the console cannot be reached");
    let text = "The console cannot reach its store. Try again in a minute.";
    message(StatusCode::SERVICE_UNAVAILABLE, "Not now", text)
}

/// What the edge refuses, as a page.
pub(crate) fn refused(refusal: Refusal) -> Response {
    let fault = refusal.http();
    message(fault.status, "This did not work", &fault.message)
}
