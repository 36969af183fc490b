//! `GET /oidc/auth`: the authorization endpoint. It checks a request, marks the browser with a cookie, and
//! shows the recovery page, which runs the client's journey.

use std::sync::Arc;

use authorization::interaction::{Browser, Interaction};
use authorization::refusal::{ErrorCode, PageRefusal, Refusal, RequestError};
use authorization::request::AuthorizationRequest;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use codes::ids::ClientId;
use config::Configuration;
use pages::recovery::Request;
use server::http::Source;

use super::interactions;
use crate::JourneyRunner;

/// Too many requests from one place.
const SLOW_DOWN: RequestError = RequestError {
    code: ErrorCode::TemporarilyUnavailable,
    description: "too many requests: try again in a minute",
};

/// The endpoint.
pub(super) fn routes() -> Router<JourneyRunner> {
    Router::new().route("/oidc/auth", get(authorize))
}

async fn authorize(
    State(runner): State<JourneyRunner>,
    RawQuery(query): RawQuery,
    Extension(source): Extension<Source>,
    Extension(configuration): Extension<Arc<Configuration>>,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let client = |id: &ClientId| configuration.client(id);
    let request = AuthorizationRequest::parse(&query, |id, redirect_uri| {
        client(id)?.1.has_registered(redirect_uri)
    });
    let application = match &request {
        Ok(request) => ClientId::parse(request.client()).ok().and_then(|id| client(&id)),
        Err(_) => None,
    };
    let application = application.map(|(application, _)| &application.id);
    let counted = runner.pace.count(source, application, runner.clock.now());
    match (request, counted) {
        (Ok(request), Ok(())) => runner.show(&configuration, request, &headers),
        (Ok(AuthorizationRequest { redirect_uri, state, .. }), Err(_)) => {
            runner.refuse(&redirect_uri, state.as_deref(), SLOW_DOWN)
        }
        (Err(Refusal::Redirect { redirect_uri, state, error }), _) => {
            runner.refuse(&redirect_uri, state.as_deref(), error)
        }
        (Err(Refusal::Page(refusal)), _) => unknown(refusal, &headers),
    }
}

impl JourneyRunner {
    /// Shows the page, and marks the browser.
    fn show(
        &self,
        configuration: &Configuration,
        request: AuthorizationRequest,
        headers: &HeaderMap,
    ) -> Response {
        let browser = interactions::browser(headers);
        let browser = browser.unwrap_or_else(|| Browser::draw(&self.randomness));
        let cookie = interactions::cookie(&browser, self.minter.issuer());
        let now = self.clock.now();
        let interaction = Interaction::new(request, &browser, telemetry::traceparent(), now);
        let sealed = self.authorizations.seal(&interaction);
        let request = &interaction.request;
        let page = sealed.and_then(|sealed| {
            pages::recovery::sign_in(
                configuration,
                &Request {
                    client: request.client(),
                    interaction: &sealed,
                    fingerprint: &request.fingerprint(),
                    login_hint: request.login_hint.as_deref(),
                    ui_locales: request.ui_locales.as_deref(),
                },
                headers,
            )
        });
        let (Some(mut page), Some(cookie)) = (page, cookie) else {
            return super::refusal(server::http::Refusal::Internal);
        };
        page.headers_mut().insert(SET_COOKIE, cookie);
        self.authorizations.count("requested");
        page
    }

    /// Tells the client by a redirect.
    fn refuse(&self, redirect_uri: &str, state: Option<&str>, error: RequestError) -> Response {
        self.authorizations.count("refused");
        let address = self.authorizations.refuse(redirect_uri, state, error);
        let Ok(address) = HeaderValue::try_from(address) else {
            return super::refusal(server::http::Refusal::Internal);
        };
        let no_store = HeaderValue::from_static("no-store");
        let no_referrer = HeaderValue::from_static("no-referrer");
        let headers =
            [(LOCATION, address), (CACHE_CONTROL, no_store), (REFERRER_POLICY, no_referrer)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

/// A request that leads nowhere: the user is told, and the operator's log says what is wrong.
fn unknown(refusal: PageRefusal, headers: &HeaderMap) -> Response {
    tracing::info!(reason = %refusal, "an authorization request was refused");
    let mut page = pages::recovery::bad_link(headers);
    *page.status_mut() = StatusCode::BAD_REQUEST;
    page
}
