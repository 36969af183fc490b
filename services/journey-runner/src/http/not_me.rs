//! `/not-me`, where the link of a notice leads. GET shows the page. POST repudiates the code at the code
//! issuer.
//!
//! The link is the only credential, and it allows nothing else: a POST that another site forges can do no
//! more than its author can do with the link. Its origin is checked all the same.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use config::Configuration;
use edge::form;
use edge::json::FaultResponse;
use pages::not_me::{Screen, page};
use serde::Deserialize;
use server::http::Source;
use wire::error::Fault;

use super::cors;
use crate::JourneyRunner;
use crate::repudiation::Pressed;

/// The endpoint.
pub(super) fn routes() -> Router<JourneyRunner> {
    Router::new().route("/not-me", get(show).post(press))
}

/// The query of the link.
#[derive(Default, Deserialize)]
struct Asked {
    /// The link's token.
    #[serde(default)]
    t: String,
}

/// `GET /not-me`.
async fn show(
    State(runner): State<JourneyRunner>,
    Extension(source): Extension<Source>,
    Extension(configuration): Extension<Arc<Configuration>>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Some(desk) = &runner.desk else { return super::refusal(server::http::Refusal::NotFound) };
    let token = asked.map(|Query(asked)| asked.t).unwrap_or_default();
    if let Err(wait) = runner.pace.count(source, None, runner.clock.now()) {
        return busy(&token, wait, &headers);
    }
    match desk.application(&token, &configuration, runner.clock.now()) {
        Some(application) => {
            let ask = Screen::Ask { application, token: &token };
            page(ask, StatusCode::OK, &headers)
        }
        None => page(Screen::Invalid, StatusCode::NOT_FOUND, &headers),
    }
}

/// `POST /not-me`.
async fn press(
    State(runner): State<JourneyRunner>,
    Extension(source): Extension<Source>,
    Extension(configuration): Extension<Arc<Configuration>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(desk) = &runner.desk else { return super::refusal(server::http::Refusal::NotFound) };
    if is_foreign(&headers) {
        return FaultResponse::from(Fault::ForeignOrigin).into_response();
    }
    let mut form = form::parse(&headers, &body).unwrap_or_default();
    let token = form.remove("t").unwrap_or_default();
    let now = runner.clock.now();
    if let Err(wait) = runner.pace.count(source, None, now) {
        return busy(&token, wait, &headers);
    }
    // The code issuer checks the token, too. Without its call an invalid one costs less.
    let Some(application) = desk.application(&token, &configuration, now) else {
        return page(Screen::Invalid, StatusCode::NOT_FOUND, &headers);
    };
    match desk.press(&token).await {
        Pressed::Done => page(Screen::Done { application }, StatusCode::OK, &headers),
        Pressed::Invalid => page(Screen::Invalid, StatusCode::NOT_FOUND, &headers),
        Pressed::Unavailable => {
            page(Screen::Failed { token: &token }, StatusCode::SERVICE_UNAVAILABLE, &headers)
        }
    }
}

fn busy(token: &str, wait: Duration, headers: &HeaderMap) -> Response {
    let page = page(Screen::Failed { token }, StatusCode::TOO_MANY_REQUESTS, headers);
    ([(RETRY_AFTER, wait.as_secs().max(1))], page).into_response()
}

/// Whether another site sent the form. The page has no referrer, for which browsers write the origin
/// `null`; those that send no `Sec-Fetch-Site` say no more.
fn is_foreign(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin";
    }
    let is_null = headers.get(ORIGIN).is_some_and(|origin| origin == "null");
    !is_null && cors::is_from_elsewhere(headers, |_| false, |_| true)
}
