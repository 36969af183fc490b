//! How often strangers of one source may begin and end a sign-in: each begun one is stored, and each answer
//! makes the console call the provider. Agents who are signed in are not counted.

use std::time::Duration;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use server::http::Source;

use crate::{Console, page};

/// The window in which requests are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// The most requests of one source in a window. A sign-in has two, and a help desk may have one address.
pub(crate) const LIMIT: u32 = 120;

/// A request for a sign-in within the limit.
pub(crate) struct Paced;

impl FromRequestParts<Console> for Paced {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let source = Extension::<Source>::from_request_parts(parts, console).await;
        let Extension(source) = source.map_err(IntoResponse::into_response)?;
        if let Some(secret) = console.sessions.secret(&parts.headers) {
            let found = console.sessions.change(&secret, |it| it.person.is_some()).await;
            if found.map_err(page::away)? == Some(true) {
                return Ok(Self);
            }
        }
        let counted = console.sign_ins.count(source, (), LIMIT, console.clock.now());
        counted.map(|()| Self).map_err(|_| {
            let text = "Too many sign-ins come from your network. Try again in a minute.";
            page::message(StatusCode::TOO_MANY_REQUESTS, "Not now", text)
        })
    }
}
