//! A console over a session in memory for tests. No service answers here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts as _;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use client::{Client, Credentials};
use clock::{FakeClock, Timestamp};
use codes::randomness;
use config::{Live, Source};
use journeys::ids::SessionKey;
use journeys::memory::MemoryJourneyStore;
use journeys::ports::{Advance, JourneyStore, StoreFault, Stored};
use oidc::RelyingParty;
use oidc::relying_party::{Endpoints, Registration};
use tower::ServiceExt as _;
use vault::Secret;

use crate::agent::Agent;
use crate::session::{Person, Session};
use crate::{Console, Ports, PublicUrl, Services};

const URL: &str = "https://console.example";

pub(crate) fn console(source: Option<Source>) -> Console {
    console_at(source, "http://127.0.0.1:1")
}

/// A console of which the identity provider is there.
pub(crate) fn console_at(source: Option<Source>, provider: &str) -> Console {
    let clock = Arc::new(FakeClock::default());
    let nowhere = "http://127.0.0.1:1";
    let credentials = Credentials {
        token_endpoint: format!("{nowhere}/oidc/token"),
        client_id: "acme-console".to_owned(),
        secret: client::Secret::Text("a secret of the console".into()),
        tls: None,
    };
    let client = Client::new(credentials, None).expect("a client");
    let live = |source| Arc::new(Live::from_source(source).expect("a valid configuration"));
    Console::new(Ports {
        url: PublicUrl::parse(URL).expect("a URL"),
        relying_party: RelyingParty::new(Registration {
            issuer: "https://login.example".to_owned(),
            client_id: "desk".to_owned(),
            secret: "a secret".into(),
            redirect_uri: format!("{URL}/callback"),
            scope: "openid".to_owned(),
            max_age: Duration::from_secs(60),
        })
        .at(Endpoints {
            authorization_endpoint: "https://login.example/authorize".to_owned(),
            token_endpoint: format!("{provider}/token"),
            authorization_response_iss_parameter_supported: false,
        }),
        services: Services::at(client, nowhere, nowhere).expect("URLs"),
        sessions: Arc::new(Busy {
            store: MemoryJourneyStore::new(clock.clone()),
            advances: AtomicUsize::new(0),
        }),
        clock,
        randomness: randomness::system(),
        configuration: source.map(live),
    })
}

/// A store in which every other change is outrun by one of another request.
struct Busy {
    store: MemoryJourneyStore,
    advances: AtomicUsize,
}

#[async_trait]
impl JourneyStore for Busy {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault> {
        self.store.create(key, body, lifetime).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        self.store.load(key).await
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        if self.advances.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Ok(Advance::Outrun);
        }
        self.store.advance(key, expected, body, lifetime).await
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        self.store.end(key).await
    }
}

/// The cookie of an agent with these scopes.
pub(crate) async fn agent(console: &Console, scopes: &[&str]) -> String {
    let mut session = Session::begin(console.clock.now());
    session.person = Some(person(console.clock.now(), scopes));
    let cookie = console.sessions.create(&session).await.expect("room");
    cookie.to_str().expect("ASCII").split(';').next().expect("a pair").to_owned()
}

/// A person who signed in now.
pub(crate) fn person(now: Timestamp, scopes: &[&str]) -> Person {
    Person {
        subject: "lea".to_owned(),
        name: Some("Lea".to_owned()),
        authenticated_ms: now.unix_millis(),
        token: "a token".to_owned(),
        token_ends_ms: (now + Duration::from_secs(600)).unix_millis(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        refresh_token: None,
    }
}

/// The secret in a cookie.
pub(crate) fn secret(console: &Console, cookie: &str) -> Secret {
    let header = (COOKIE, cookie.parse().expect("ASCII"));
    console.sessions.secret(&[header].into_iter().collect()).expect("our own")
}

/// The agent behind a cookie.
pub(crate) async fn signed_in(console: &Console, cookie: &str) -> Agent {
    let request = Request::get("/").header(COOKIE, cookie).body(()).expect("a request");
    let found = Agent::from_request_parts(&mut request.into_parts().0, console).await;
    found.expect("an agent")
}

/// The text of a page.
pub(crate) async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), 1024 * 1024).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("a text")
}

/// A network from which people sign in.
pub(crate) fn source(last: u8) -> server::http::Source {
    server::http::Source::of([192, 0, 2, last].into())
}

/// A page, and how long it took.
pub(crate) async fn page(
    console: &Console,
    mut request: Request<Body>,
) -> (StatusCode, String, Duration) {
    if request.extensions().get::<server::http::Source>().is_none() {
        request.extensions_mut().insert(source(1));
    }
    let begun = Instant::now();
    let response = console.http().oneshot(request).await.expect("an answer");
    let took = begun.elapsed();
    let status = response.status();
    (status, text(response).await, took)
}

/// What an agent with these scopes sees at a path.
pub(crate) async fn get(
    console: &Console,
    scopes: &[&str],
    path: &str,
) -> (StatusCode, String, Duration) {
    let cookie = agent(console, scopes).await;
    let request = Request::get(path).header(COOKIE, cookie).body(Body::empty());
    page(console, request.expect("a request")).await
}

/// Sends a form as a page of the console does.
pub(crate) async fn post(
    console: &Console,
    cookie: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, String) {
    let encoded =
        |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let fields = fields.iter().map(|(name, text)| format!("{}={}", encoded(name), encoded(text)));
    let request = Request::post(path)
        .header(COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(fields.collect::<Vec<_>>().join("&").into());
    let (status, text, _) = page(console, request.expect("a request")).await;
    (status, text)
}
