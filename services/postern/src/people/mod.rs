//! The demo's identity provider: visitors sign in as one of three people by a click.
//!
//! It exists in the demo alone, with the store in memory, on the loopback. It signs with a key that is drawn at
//! each start, and answers only under the address that the demo prints, so that no name that is pointed at
//! this machine (DNS rebinding) reaches it.

mod host;
mod token;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Clock as _, SystemClock};
use codes::randomness;
use form_urlencoded::{Serializer, parse};
use oidc::relying_party::Endpoints;

/// What stands for the provider in `desk/agents/people.yaml`. It is a name, and no address.
pub(crate) const ISSUER: &str = "http://127.0.0.1/people";
/// The console's client at the provider, and its secret, which everybody knows.
pub(crate) const CLIENT: (&str, &str) = ("globex-desk", "globex-desk-secret");

/// How many sign-ins are remembered.
const MAX_GRANTS: usize = 1000;

/// The people: name, the subject of their tokens, role, and what they are there for.
const PEOPLE: [(&str, &str, &str, &str); 3] = [
    ("Ada", "ada", "agent", "issues codes"),
    ("Lee", "lee", "lead", "issues, and approves for others"),
    ("Sam", "sam", "security", "stops issuing"),
];

/// The provider.
#[derive(Clone)]
pub(crate) struct People {
    key: Arc<Ed25519KeyPair>,
    grants: Arc<Mutex<VecDeque<Grant>>>,
}

/// What a code or a refresh token stands for.
struct Grant {
    secret: String,
    person: usize,
    authenticated_at: i64,
    /// Of a code; a refresh token has none.
    code: Option<Code>,
}

/// What a code is bound to.
struct Code {
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

impl People {
    /// Draws the key.
    pub(crate) fn draw() -> Self {
        let key = Ed25519KeyPair::generate().expect("the system has randomness");
        Self { key: Arc::new(key), grants: Arc::default() }
    }

    /// The public key, as a JWK set.
    pub(crate) fn jwks(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"people","use":"sig","x":"{x}"}}]}}"#
        )
    }

    /// Where it is reached at an origin.
    pub(crate) fn endpoints(origin: &str) -> Endpoints {
        Endpoints {
            authorization_endpoint: format!("{origin}/people"),
            token_endpoint: format!("{origin}/people/token"),
            authorization_response_iss_parameter_supported: true,
        }
    }

    /// The provider beside the console's pages, all of them at this origin alone.
    pub(crate) fn beside(self, pages: Router, origin: &str) -> Router {
        let provider = Router::new()
            .route("/people", get(choose))
            .route("/people/token", post(token::exchange))
            .with_state(self);
        let origin: Arc<str> = origin.into();
        pages.merge(provider).layer(from_fn_with_state(origin, host::guard))
    }

    fn remember(&self, person: usize, authenticated_at: i64, code: Option<Code>) -> String {
        let drawn: [u8; 32] = randomness::bytes(&randomness::system());
        let secret = URL_SAFE_NO_PAD.encode(drawn);
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if grants.len() == MAX_GRANTS {
            grants.pop_front();
        }
        grants.push_back(Grant { secret: secret.clone(), person, authenticated_at, code });
        secret
    }

    /// Takes out what a code or a refresh token stands for: each is good once.
    fn recall(&self, secret: &str) -> Option<Grant> {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let at = grants.iter().position(|grant| grant.secret == secret)?;
        grants.remove(at)
    }
}

/// Offers the people; with one of them chosen, sends the browser back with a code.
async fn choose(State(people): State<People>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = |name: &str| {
        let found = parse(query.as_bytes()).find(|(it, _)| it == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let redirect_uri = asked("redirect_uri");
    let challenge = asked("code_challenge");
    let is_ours = asked("client_id") == CLIENT.0 && asked("code_challenge_method") == "S256";
    if !is_ours || !host::is_callback(&redirect_uri) {
        return (StatusCode::BAD_REQUEST, "This is no sign-in of the demo's console.")
            .into_response();
    }
    let chosen = asked("as");
    let Some(person) = PEOPLE.iter().position(|(_, subject, ..)| *subject == chosen) else {
        return offered(&query);
    };
    let code = Code { redirect_uri: redirect_uri.clone(), nonce: asked("nonce"), challenge };
    let code = people.remember(person, SystemClock.now().unix_seconds(), Some(code));
    let answer = Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &asked("state"))
        .append_pair("iss", ISSUER)
        .finish();
    Redirect::to(&format!("{redirect_uri}?{answer}")).into_response()
}

fn offered(query: &str) -> Response {
    // Written anew, so that it holds nothing that means something in HTML but `&`.
    let query = Serializer::new(String::new()).extend_pairs(parse(query.as_bytes())).finish();
    let query = query.replace('&', "&amp;");
    let people = PEOPLE.map(|(name, subject, role, does)| {
        format!(r#"<li><a class="button" href="/people?{query}&amp;as={subject}">{name}, {role}</a> {does}</li>"#)
    });
    let page = include_str!("choose.html").replace("PEOPLE", &people.concat());
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
        ),
    ];
    (headers, page).into_response()
}
