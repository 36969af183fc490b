//! The journey runner over HTTP: the protocol of the Web SDK, and the recovery page.

mod admission;
mod authenticate;
mod browser;
mod call;
mod cors;
mod encrypted;
mod interactions;
mod introspection;
mod not_me;
mod openapi;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use codes::randomness;
use config::Configuration;
use definitions::JourneyId;
use edge::principal::Principal;
use encryption::CryptoSession;
use journeys::ids::SessionId;
use journeys::runner::{Answer, CLIENT_INPUT, Start, Submission, Tie};
use openid::cookie;
use serde_json::{Map, Value, json};
use server::HttpServer;
use server::http::Source;
use web_protocol::message::{Envelope, Message, SCHEME, invalid, is_plain};
use web_protocol::reply::Reply;
use wire::error::{Fault, HttpFault};

pub(crate) use self::admission::Admissions;
use self::call::{Assertion, Call, Invocation, Operation};
use crate::JourneyRunner;

impl JourneyRunner {
    /// The endpoints of this service.
    pub fn http(&self) -> Router {
        Router::new()
            .route("/ido/api/v2/auth/{operation}", post(call))
            .merge(authenticate::routes())
            .merge(self.authorization_endpoint().routes())
            .merge(introspection::routes())
            .merge(not_me::routes())
            .merge(pages::recovery::routes(|| refusal(server::http::Refusal::NotFound)))
            .with_state(self.clone())
    }

    /// Describes how the journeys are started, as they are configured when it is asked.
    pub fn starts(&self) -> impl Fn() -> Value + Clone + Send + Sync + 'static + use<> {
        let live = Arc::clone(&self.live);
        move || openapi::starts(&live.current())
    }

    /// Serves browsers: each request is served under one configuration, the pages of all clients may
    /// call, and they can read what the edge refuses.
    pub fn serve_browsers(&self, server: HttpServer) -> HttpServer {
        edge::browsers::serve(server, Arc::clone(&self.live)).refusals(refusal)
    }
}

/// `POST /ido/api/v2/auth/<operation>`.
async fn call(
    State(runner): State<JourneyRunner>,
    operation: Result<Path<String>, axum::extract::rejection::PathRejection>,
    call: Result<Query<Call>, axum::extract::rejection::QueryRejection>,
    Extension(source): Extension<Source>,
    Extension(configuration): Extension<Arc<Configuration>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(operation) = operation.ok().and_then(|Path(name)| Operation::parse(&name)) else {
        return refusal(server::http::Refusal::NotFound);
    };
    let Ok(Query(mut call)) = call else {
        return runner.answer(Err(invalid("the query must name a clientId")), None, None);
    };
    let principal = interactions::client(&configuration, &call.client_id);
    // Only the page that this service serves acts for an authorization request.
    let pages = principal.as_ref().filter(|_| !matches!(operation, Operation::Sso));
    if cors::is_foreign(&headers, &configuration, pages, runner.minter.issuer()) {
        return runner.answer(Err(Fault::ForeignOrigin), None, None);
    }
    call.source = Some(source.network());
    let now = runner.clock.now();
    let application = principal.as_ref().map(|it| &it.caller().application);
    if let Err(retry_after) = runner.pace.count(source, application, now) {
        return runner.answer(Err(Fault::RateLimited { retry_after }), None, None);
    }
    call.principal = principal;
    match Envelope::parse(&headers, &body) {
        Ok(Envelope::Clear(mut message)) => {
            let request = call.interaction.clone();
            let request = request.and_then(|sealed| Some((call.principal.clone()?, sealed)));
            let reply = runner.perform(operation, call, &headers, &mut message).await;
            let back = reply.as_ref().err().zip(request);
            let back = back.and_then(|(fault, (principal, sealed))| {
                runner.way_back(fault, &principal, &sealed, &headers)
            });
            runner.answer(reply, back, None)
        }
        Ok(Envelope::Encrypted(sent)) => {
            runner.answer_encrypted(operation, call, &headers, &sent).await
        }
        Err(fault) => runner.answer(Err(fault), None, None),
    }
}

impl JourneyRunner {
    async fn perform(
        &self,
        operation: Operation,
        mut call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let principal = call.principal.take().ok_or(Fault::JourneyNotFound)?;
        match operation {
            Operation::Invoke => self.invoke(&principal, call, headers, message).await,
            Operation::Assert => self.assert(&principal, call, headers, message).await,
            Operation::ExchangeKey => self.exchange_key(message),
            Operation::Poll => Err(invalid("no journey here waits for another device")),
            Operation::CreateDebugToken => Err(invalid("journeys here cannot be debugged")),
            Operation::Sso => self.sso(&principal, call, headers, message).await,
        }
    }

    async fn invoke(
        &self,
        principal: &Principal,
        call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let invocation: Invocation = message.data()?;
        let journey = JourneyId::parse(&invocation.policy_request_id);
        let journey = journey.map_err(|_| Fault::JourneyNotFound)?;
        // A backend runs its journeys over gRPC, with its token.
        if !interactions::is_page(principal) {
            return Err(Fault::JourneyNotFound);
        }
        self.begin(principal, (journey, None), invocation.params, call, headers, message).await
    }

    /// Starts a journey for a page.
    async fn begin(
        &self,
        principal: &Principal,
        (journey, tie): (JourneyId, Option<Tie>),
        params: Map<String, Value>,
        call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let start = Start {
            journey,
            params,
            headers: browser::readable(headers),
            device: message.device.take(),
            locale: call.locale.filter(|locale| is_plain(locale)),
            correlation_id: message.correlation_id.take(),
            idempotency_key: None,
            source: call.source,
            browser: browser::family(headers),
            tie,
        };
        let answer = self.start(principal, start).await?;
        let session = match &answer {
            Answer::InputRequired(input) => input.session.expose().to_owned(),
            Answer::Completed(_) | Answer::Rejected(_) => self.random_id(),
        };
        let mut reply = self.reply(answer).await?;
        reply.headers.extend([
            json!({ "type": "uid", "uid": self.random_id() }),
            json!({ "type": "session_id", "session_id": session }),
            json!({ "type": "device_id", "device_id": self.device_id(call.did) }),
        ]);
        Ok(reply)
    }

    async fn assert(
        &self,
        principal: &Principal,
        call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let Assertion { assertion_id, assert, fch, input, data } = message.data()?;
        let session = call.sid.as_deref().map(SessionId::parse);
        let session = session.and_then(Result::ok).ok_or(Fault::SessionNotFound)?;
        let (option, data) = match assert.as_str() {
            "action" => (CLIENT_INPUT.to_owned(), input),
            "data" => (CLIENT_INPUT.to_owned(), data),
            "escape" => {
                let id = data.get("escape_id").and_then(Value::as_str);
                let id = id.ok_or_else(|| invalid("an escape must have an escape_id"))?;
                (id.to_owned(), data.get("escape_params").cloned().unwrap_or_default())
            }
            _ => return Err(invalid("this step takes no such assertion")),
        };
        let submission = Submission {
            session,
            assertion_id,
            challenge: fch,
            option,
            data,
            idempotency_key: None,
            source: call.source,
            browser: browser::family(headers),
            secret: cookie::browser(headers).map(|it| it.hash().as_str().to_owned()),
        };
        self.reply(self.submit(principal, submission).await?).await
    }

    /// Agrees on a key; the data comes back as it was sent.
    fn exchange_key(&self, message: &mut Message) -> Result<Reply, Fault> {
        let refused = || invalid("must have a key_exchange header with scheme 3 and a P-256 point");
        let theirs = message.key_exchange.take().ok_or_else(refused)?;
        let agreed = encryption::agree(&self.sealer, &theirs, self.clock.now());
        let (session, y) = agreed.ok_or_else(refused)?;
        let mut reply = Reply::fine(message.data.take());
        reply.headers.push(json!({
            "type": "key_exchange",
            "scheme": SCHEME,
            "crypto_session_id": session.id,
            "y": y,
        }));
        Ok(reply)
    }

    /// The answer, in the same shape whether the call was fine or refused, and encrypted in a crypto
    /// session. A fault that ends an authorization request leads the browser back.
    fn answer(
        &self,
        reply: Result<Reply, Fault>,
        back: Option<String>,
        session: Option<&CryptoSession>,
    ) -> Response {
        let mut retry_after = None;
        let (status, reply) = match reply {
            Ok(reply) => (StatusCode::OK, reply),
            Err(fault) => {
                let refusal = fault.http();
                retry_after = refusal.retry_after_seconds;
                let mut data = json!({ "state": "rejected" });
                if let Some(url) = back {
                    data["data"] = json!({ "url": url });
                }
                (refusal.status, Reply::rejected(&refusal.message, data))
            }
        };
        let Some(body) = reply.into_json(session, &self.randomness) else {
            return refusal(server::http::Refusal::Internal);
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }

    fn random_id(&self) -> String {
        let bytes: [u8; 16] = randomness::bytes(&self.randomness);
        // Of one length, so that no answer's length depends on chance.
        format!("{:039}", u128::from_be_bytes(bytes))
    }

    /// The device's id: the one it was given earlier, if that could be one of ours.
    fn device_id(&self, known: Option<String>) -> String {
        let known = known.filter(|id| id.len() == 39 && id.bytes().all(|b| b.is_ascii_digit()));
        known.unwrap_or_else(|| self.random_id())
    }
}

/// What the edge refuses before this service sees it, in the shape that the SDK can read too.
fn refusal(refusal: server::http::Refusal) -> Response {
    let HttpFault { status, error_code, message, .. } = refusal.http();
    let body = json!({
        "error_code": error_code,
        "message": message,
        "error_message": message,
        "headers": [],
        "data": { "state": "rejected" },
    });
    (status, Json(body)).into_response()
}
