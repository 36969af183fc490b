//! Signing in and out.
//!
//! ```text
//! GET /sign-in ──> provider ──> GET /callback ── code for ID token, ID token for agent's token ──> page
//! ```
//! The sign-in that waits is part of the browser's session, and is taken out of it by the first answer. The
//! session that begins then has a new cookie, so that an attacker who planted one does not share it.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{HeaderName, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use codes::randomness::bytes;
use oidc::relying_party::{Answer, SignInError};
use serde::Deserialize;

use crate::agent::EntryError;
use crate::pace::Paced;
use crate::session::{Begun, Session};
use crate::url::local;
use crate::{Console, page};

/// Where the provider sends browsers back to.
pub const CALLBACK: &str = "/callback";

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/sign-in", get(begin))
        .route(CALLBACK, get(end))
        .route("/sign-out", post(sign_out))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    to: String,
    again: Option<String>,
}

async fn begin(
    _: Paced,
    State(console): State<Console>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Asked { to, again } = asked.map(|Query(asked)| asked).unwrap_or_default();
    let random = [(); 3].map(|()| bytes(&console.randomness));
    let (url, attempt) = match console.relying_party.begin(random, again.is_some()).await {
        Ok(begun) => begun,
        Err(error) => return failed(&error.into()),
    };
    let begun = Begun { attempt, to: local(&to).to_owned() };
    match console.keep(&headers, begun).await {
        Ok(Some(cookie)) => ([(SET_COOKIE, cookie)], Redirect::to(&url)).into_response(),
        Ok(None) => Redirect::to(&url).into_response(),
        Err(fault) => page::away(fault),
    }
}

impl Console {
    /// Keeps a sign-in with the browser's session, or with a new one, whose cookie it returns.
    async fn keep(
        &self,
        headers: &HeaderMap,
        begun: Begun,
    ) -> Result<Option<HeaderValue>, journeys::ports::StoreFault> {
        if let Some(secret) = self.sessions.secret(headers) {
            let kept = self.sessions.change(&secret, |session| session.begun = Some(begun.clone()));
            if kept.await?.is_some() {
                return Ok(None);
            }
        }
        let mut session = Session::begin(self.clock.now());
        session.begun = Some(begun);
        self.sessions.create(&session).await.map(Some)
    }
}

async fn end(
    _: Paced,
    State(console): State<Console>,
    headers: HeaderMap,
    answer: Result<Query<Answer>, QueryRejection>,
) -> Response {
    let answer = answer.map(|Query(answer)| answer).unwrap_or_default();
    let Some(secret) = console.sessions.secret(&headers) else {
        return failed(&SignInError::State.into());
    };
    let begun = match console.sessions.change(&secret, |session| session.begun.take()).await {
        Ok(begun) => begun.flatten(),
        Err(fault) => return page::away(fault),
    };
    let Some(Begun { attempt, to }) = begun else { return failed(&SignInError::State.into()) };
    let now = console.clock.now();
    let signed_in = console.relying_party.finish(&attempt, &answer, now).await;
    let person = match signed_in {
        Ok(signed_in) => console.person(&signed_in).await,
        Err(error) => Err(error.into()),
    };
    let mut session = Session::begin(now);
    session.person = match person {
        Ok(person) => Some(person),
        Err(error) => return failed(&error),
    };
    let created = console.sessions.create(&session).await;
    match (created, console.sessions.end(&secret).await) {
        (Ok(cookie), Ok(_)) => ([(SET_COOKIE, cookie)], Redirect::to(&to)).into_response(),
        (Err(fault), _) | (_, Err(fault)) => page::away(fault),
    }
}

/// Why a sign-in failed, for people; the log has the rest.
fn failed(error: &EntryError) -> Response {
    tracing::info!(%error, "a sign-in failed");
    let text = match error {
        EntryError::SignIn(SignInError::State) => {
            "The sign-in was begun in another window, or took too long. Sign in again.".to_owned()
        }
        EntryError::SignIn(SignInError::Unreachable(_)) => {
            "The identity provider does not answer. Try again in a minute.".to_owned()
        }
        EntryError::SignIn(_) => {
            "The identity provider did not sign you in. Sign in again, or ask your administrator."
                .to_owned()
        }
        EntryError::Token(client::TokenError::Refused { description, .. }) => {
            format!("You cannot use the console: {description}. Ask your administrator.")
        }
        EntryError::Token(_) => {
            "The code issuer does not answer. Try again in a minute.".to_owned()
        }
    };
    page::with_link(StatusCode::FORBIDDEN, "You are not signed in", &text, "/sign-in")
}

async fn sign_out(State(console): State<Console>, headers: HeaderMap) -> Response {
    let Some(secret) = console.sessions.secret(&headers) else { return page::left() };
    let cookie = match console.sessions.end(&secret).await {
        Ok(cookie) => cookie,
        Err(fault) => return page::away(fault),
    };
    let clear = (HeaderName::from_static("clear-site-data"), "\"cache\"");
    ([clear], [(SET_COOKIE, cookie)], page::left()).into_response()
}
