//! `GET` and `POST /oidc/auth`: the authorization endpoint. It checks a request, marks the browser with a cookie, and
//! shows the recovery page, which runs the client's journey.

use std::sync::Arc;

use authorization::interaction::{Browser, Interaction};
use authorization::refusal::{BROKEN, PageRefusal, Refusal, RequestError, SLOW_DOWN};
use authorization::request::AuthorizationRequest;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use codes::ids::ApplicationId;
use config::{Application, Client, Configuration};
use pages::recovery::Request;
use server::http::Source;

use crate::authorizations::Authorizations;
use crate::cookie;

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
        Router::new().route("/oidc/auth", get(authorize).post(forward)).with_state(self)
    }
}

/// A request as a form (`OpenID` Connect Core, section 3.1.2.1) is sent on as a query. The browser then sends
/// its cookie, which it keeps back from the form of another site, and a reload sends no form again.
async fn forward(form: Bytes) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form_urlencoded::parse(&form));
    redirect(&format!("?{}", query.finish()))
}

async fn authorize(
    State(endpoint): State<Endpoint>,
    RawQuery(query): RawQuery,
    Extension(source): Extension<Source>,
    Extension(configuration): Extension<Arc<Configuration>>,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let mut party = None;
    let request = AuthorizationRequest::parse(&query, |id, redirect_uri| {
        party = configuration.client(id);
        party?.1.has_registered(redirect_uri)
    });
    let party = party.filter(|_| request.is_ok());
    let is_admitted = (endpoint.admit)(source, party.map(|(application, _)| &application.id));
    match (request, party) {
        (Ok(request), Some(party)) if is_admitted => {
            endpoint.show(&configuration, party, request, &headers)
        }
        (Ok(AuthorizationRequest { redirect_uri, state, .. }), _) => {
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
        (application, client): (&Application, &Client),
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
                    application,
                    client,
                    interaction: &sealed,
                    fingerprint: &request.fingerprint(),
                    login_hint: request.login_hint.as_deref(),
                    ui_locales: request.ui_locales.as_deref(),
                },
                headers,
            )
        });
        let (Some(mut page), Some(cookie)) = (page, cookie) else {
            return self.refuse(&request.redirect_uri, request.state.as_deref(), BROKEN);
        };
        page.headers_mut().insert(SET_COOKIE, cookie);
        self.authorizations.count("requested");
        page
    }

    /// Tells the client by a redirect.
    fn refuse(&self, redirect_uri: &str, state: Option<&str>, error: RequestError) -> Response {
        self.authorizations.count("refused");
        redirect(&self.authorizations.refuse(redirect_uri, state, error))
    }
}

fn redirect(address: &str) -> Response {
    let Ok(address) = HeaderValue::try_from(address) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let no_store = HeaderValue::from_static("no-store");
    let no_referrer = HeaderValue::from_static("no-referrer");
    let headers = [(LOCATION, address), (CACHE_CONTROL, no_store), (REFERRER_POLICY, no_referrer)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A request that leads nowhere: the user is told, and the operator's log says what is wrong.
fn unknown(refusal: PageRefusal, headers: &HeaderMap) -> Response {
    tracing::info!(reason = %refusal, "an authorization request was refused");
    let mut page = pages::recovery::bad_link(headers);
    *page.status_mut() = StatusCode::BAD_REQUEST;
    page
}
