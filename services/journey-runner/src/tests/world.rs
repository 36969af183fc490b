//! A journey runner over ports that reload the configuration when they are called.

use std::sync::Arc;

use authorization::memory::MemoryAuthorizationCodeStore;
use axum::Extension;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Clock, SystemClock};
use codes::ids::{ApplicationId, ClientId};
use codes::memory::{MemoryClaimStore, MemoryGrantStore};
use codes::randomness;
use config::ClientKind;
use edge::gate::Gate;
use journeys::memory::MemoryJourneyStore;
use journeys::runner::Capacity;
use serde_json::{Value, json};
use server::http::Source;
use tokens::client::ClientToken;
use tokens::keys::KeyRing;
use tokens::mint::Minter;
use tokens::scope::Scope;
use tokens::verify::TokenVerifier;
use tower::ServiceExt as _;
use tower::util::MapRequestLayer;
use wire::journey::v1::journey_runner_service_client::JourneyRunnerServiceClient;
use wire::journey::v1::{StartJourneyRequest, journey_state::State};
use wire::json::from_object;
use zeroize::Zeroizing;

use super::reloading::{Reloading, Reloads};
use crate::{JourneyRunner, Limits, Ports};

/// A journey runner whose configuration changes while it works.
pub(super) struct World {
    reloading: Arc<Reloading>,
    runner: JourneyRunner,
    minter: Minter,
    requests: usize,
}

impl World {
    pub(super) fn new() -> Self {
        let reloading = Arc::new(Reloading::new());
        let live = Arc::clone(&reloading.live);
        let clock: Arc<dyn Clock> = Arc::new(Reloads(Arc::clone(&reloading), SystemClock));
        let quiet = || Arc::new(SystemClock);
        let store = MemoryJourneyStore::new(quiet());
        let claims = MemoryClaimStore::new(quiet());
        let ring = Arc::new(KeyRing::generate());
        let minter = Minter::new(Arc::clone(&ring), "http://issuer.example").expect("a key");
        let tokens = TokenVerifier::new(ring, [minter.issuer()]);
        let gate = Gate::for_clients(Arc::clone(&live), Arc::clone(&clock), tokens);
        let ports = Ports {
            desk: None,
            live,
            store: Arc::new(Reloads(Arc::clone(&reloading), store)),
            authorizations: Arc::new(MemoryAuthorizationCodeStore::new(quiet())),
            claims: Arc::new(Reloads(Arc::clone(&reloading), claims)),
            grants: Arc::new(MemoryGrantStore::new(quiet())),
            verifier: Arc::new(Reloads(Arc::clone(&reloading), ())),
            clock,
            randomness: randomness::system(),
            sealing_key: Zeroizing::new([7; 32]),
            limits: Limits {
                source: 1_000,
                application: 1_000,
                waiting: Capacity { of_source: 1_000, in_all: 1_000 },
            },
        };
        let runner = JourneyRunner::new(ports, gate, minter.clone());
        Self { reloading, runner, minter, requests: 0 }
    }

    /// The first version serves.
    pub(super) fn begin(&self) {
        self.reload_at(None);
        self.reloading.become_version("a");
    }

    /// The second version serves from that call on.
    pub(super) fn reload_at(&self, step: Option<usize>) {
        self.reloading.come_at(step);
    }

    pub(super) fn has_reloaded(&self) -> bool {
        self.reloading.has_come()
    }

    fn token(&self) -> String {
        let client = ClientId::parse("desk").expect("valid");
        let configuration = self.reloading.live.current();
        let (_, desk) = configuration.client(&client).expect("configured");
        let ClientKind::Confidential { secret, .. } = &desk.kind else { panic!("has a secret") };
        let token = ClientToken {
            application: ApplicationId::parse("acme").expect("valid"),
            client,
            scopes: [Scope::JourneysRun].into(),
            generation: secret.generation().clone(),
        };
        token.mint(&self.minter, SystemClock.now()).expect("signs")
    }

    /// The result of a start over gRPC: the version of the journey, and the scope of the tokens.
    pub(super) async fn start_over_grpc(&mut self) -> String {
        self.requests += 1;
        let params = json!({ "user": "ada", "code": "123456" });
        let message = StartJourneyRequest {
            journey_id: "enter".to_owned(),
            params: params.as_object().cloned().map(from_object),
            idempotency_key: self.requests.to_string(),
            ..Default::default()
        };
        let mut request = tonic::Request::new(message);
        let bearer = format!("Bearer {}", self.token()).parse().expect("a header");
        request.metadata_mut().insert("authorization", bearer);
        let mut client = JourneyRunnerServiceClient::new(self.runner.grpc());
        match client.start_journey(request).await {
            Ok(reply) => match reply.into_inner().state.and_then(|state| state.state) {
                Some(State::Completed(completed)) => {
                    let data = wire::json::parse_struct(completed.data.expect("data"));
                    told(&Value::Object(data.expect("JSON")))
                }
                other => format!("{other:?}"),
            },
            Err(status) => status.to_string(),
        }
    }

    /// The result of a start by a page of the first version.
    pub(super) async fn start_over_http(&mut self) -> String {
        let data =
            json!({ "policy_request_id": "enter", "params": { "user": "ada", "code": "1" } });
        let (origin, answer) = self.call("anonymous_invoke?clientId=web", data).await;
        format!("{origin}: {}", told(&answer["data"]["data"]["json_data"]))
    }

    /// The data and the session of a page that is shown the form.
    pub(super) async fn ask_over_http(&self) -> (Value, String) {
        let data = json!({ "policy_request_id": "form", "params": {} });
        let (_, answer) = self.call("anonymous_invoke?clientId=web", data).await;
        let mut headers = answer["headers"].as_array().into_iter().flatten();
        let session = headers.find_map(|header| header["session_id"].as_str()).expect("a session");
        (answer["data"].clone(), session.to_owned())
    }

    /// The result of answering that form.
    pub(super) async fn answer_over_http(&self, (asked, session): &(Value, String)) -> String {
        let data = json!({
            "assertion_id": asked["control_flow"][0]["assertion_id"],
            "fch": asked["challenge"],
            "assert": "action",
            "input": { "user": "ada", "code": "123456" },
        });
        let (origin, answer) = self.call(&format!("assert?clientId=web&sid={session}"), data).await;
        format!("{origin}: {}", told(&answer["data"]["data"]["json_data"]))
    }

    async fn call(&self, path: &str, data: Value) -> (String, Value) {
        let request = Request::post(format!("/ido/api/v2/auth/{path}"))
            .header(ORIGIN, "https://a.example")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(json!({ "headers": [], "data": data }).to_string()));
        let response = self.pages().oneshot(request.expect("a request")).await.expect("an answer");
        let origin = response.headers().get("access-control-allow-origin").cloned();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (format!("{origin:?}"), serde_json::from_slice(&body).expect("JSON"))
    }

    /// The endpoints behind the layers that `serve_browsers` puts around them.
    fn pages(&self) -> Router {
        let admit = edge::browsers::admit(Arc::clone(&self.reloading.live));
        let router = self.runner.http().layer(Extension(Source::of([192, 0, 2, 1].into())));
        router.layer(edge::browsers::layer()).layer(MapRequestLayer::new(
            move |mut request: Request| {
                admit(request.extensions_mut());
                request
            },
        ))
    }
}

/// The version of the journey that ended, and the scope of its tokens.
fn told(data: &Value) -> String {
    let claims = data["tokens"]["access_token"].as_str().and_then(|token| token.split('.').nth(1));
    let claims = claims.and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Option<Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    format!(
        "version {}, scope {}",
        data["version"],
        claims.map_or(Value::Null, |it| it["scope"].clone())
    )
}
