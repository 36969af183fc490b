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
use codes::ids::{ApplicationId, ClientId};
use config::Configuration;
use pages::recovery::Request;
use server::http::Source;

use crate::authorizations::Authorizations;
use crate::cookie;

/// Too many requests from one place.
const SLOW_DOWN: RequestError = RequestError {
    code: ErrorCode::TemporarilyUnavailable,
    description: "too many requests: try again in a minute",
};

/// Counts a request of a source for an application: whether both are within their limits.
pub type Admit = dyn Fn(Source, Option<&ApplicationId>) -> bool + Send + Sync;

/// The authorization endpoint.
#[derive(Clone)]
pub struct Endpoint {
    /// Seals interactions, and counts.
    pub authorizations: Arc<Authorizations>,
    /// The limits of requests.
    pub admit: Arc<Admit>,
}

impl Endpoint {
    /// Its route.
    pub fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new().route("/oidc/auth", get(authorize)).with_state(self)
    }
}

async fn authorize(
    State(endpoint): State<Endpoint>,
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
    let is_admitted = (endpoint.admit)(source, application);
    match (request, is_admitted) {
        (Ok(request), true) => endpoint.show(&configuration, request, &headers),
        (Ok(AuthorizationRequest { redirect_uri, state, .. }), false) => {
            endpoint.refuse(&redirect_uri, state.as_deref(), SLOW_DOWN)
        }
        (Err(Refusal::Redirect { redirect_uri, state, error }), _) => {
            endpoint.refuse(&redirect_uri, state.as_deref(), error)
        }
        (Err(Refusal::Page(refusal)), _) => unknown(refusal, &headers),
    }
}

impl Endpoint {
    /// Shows the page, and marks the browser.
    fn show(
        &self,
        configuration: &Configuration,
        request: AuthorizationRequest,
        headers: &HeaderMap,
    ) -> Response {
        let browser = cookie::browser(headers);
        let browser = browser.unwrap_or_else(|| Browser::draw(&self.authorizations.randomness));
        let cookie = cookie::cookie(&browser, &self.authorizations.issuer);
        let now = self.authorizations.clock.now();
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
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
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
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
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
