//! Tests of calls, at a verifier that they script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use protos::code::v1::verifier_service_server::{VerifierService, VerifierServiceServer};
use protos::code::v1::{
    Accepted, ClearLockoutRequest, ClearLockoutResponse, DescribeLockoutRequest,
    DescribeLockoutResponse, PairJourneyRequest, PairJourneyResponse, VerifyCodeRequest,
    VerifyCodeResponse, WithdrawPairingRequest, WithdrawPairingResponse,
    verify_code_response::Outcome,
};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, async_trait};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::credentials::Secret;
use crate::testing::{TokenEndpoint, granted};
use crate::verifier::{Verifier, attempt};
use crate::{Client, IdentifierType, TokenError, user};

/// What a verifier was sent: the key, the token, and the time that is left.
type Sent = (String, String, String);

/// Answers each call with the next of its errors, and then accepts.
#[derive(Clone, Default)]
struct Scripted {
    errors: Arc<Mutex<VecDeque<Status>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[async_trait]
impl VerifierService for Scripted {
    async fn verify_code(
        &self,
        request: Request<VerifyCodeRequest>,
    ) -> Result<Response<VerifyCodeResponse>, Status> {
        let text = |name| request.metadata().get(name).and_then(|it| it.to_str().ok());
        let [token, left] =
            ["authorization", "grpc-timeout"].map(|name| text(name).unwrap_or("none").to_owned());
        let key = request.get_ref().idempotency_key.clone();
        self.sent.lock().expect("no panic").push((key, token, left));
        let error = self.errors.lock().expect("no panic").pop_front();
        let outcome = Some(Outcome::Accepted(Accepted::default()));
        error.map_or_else(|| Ok(Response::new(VerifyCodeResponse { outcome })), Err)
    }

    async fn describe_lockout(
        &self,
        _: Request<DescribeLockoutRequest>,
    ) -> Result<Response<DescribeLockoutResponse>, Status> {
        std::future::pending().await
    }

    async fn clear_lockout(
        &self,
        _: Request<ClearLockoutRequest>,
    ) -> Result<Response<ClearLockoutResponse>, Status> {
        Ok(Response::new(ClearLockoutResponse::default()))
    }

    // The journey runner's alone: no client calls these.
    async fn pair_journey(
        &self,
        _: Request<PairJourneyRequest>,
    ) -> Result<Response<PairJourneyResponse>, Status> {
        Err(Status::permission_denied("no journey runner"))
    }

    async fn withdraw_pairing(
        &self,
        _: Request<WithdrawPairingRequest>,
    ) -> Result<Response<WithdrawPairingResponse>, Status> {
        Err(Status::permission_denied("no journey runner"))
    }
}

impl Scripted {
    /// A client of a verifier that answers with these errors first.
    async fn start(
        errors: impl IntoIterator<Item = Status>,
        tokens: &TokenEndpoint,
        deadline: Duration,
    ) -> (Verifier, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let scripted =
            Self { errors: Arc::new(Mutex::new(errors.into_iter().collect())), ..Self::default() };
        let service = VerifierServiceServer::new(scripted.clone());
        tokio::spawn(
            Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)),
        );
        let client = Client::new(tokens.credentials(Secret::Text("secret".into())), None);
        let client = client.expect("a URL").with_deadline(deadline);
        (client.verifier(&url).expect("a URL"), scripted)
    }

    fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no panic").clone()
    }
}

const LONG: Duration = Duration::from_secs(20);
const WAIT: Duration = Duration::from_millis(60);

async fn tokens() -> TokenEndpoint {
    TokenEndpoint::start(["one", "two"].map(|token| granted(token, 3600))).await
}

fn guess() -> VerifyCodeRequest {
    attempt(user(IdentifierType::UserId, "alice"), "123456")
}

fn refusal(code: Code, reason: &str, wait: Option<Duration>) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, "postern", []);
    details.set_retry_info(wait);
    Status::with_error_details(code, "a sentence", details)
}

fn unavailable() -> Status {
    refusal(Code::Unavailable, "UNAVAILABLE", Some(WAIT))
}

#[tokio::test]
async fn an_unavailable_service_is_called_again_with_the_same_key_and_not_too_early() {
    let (tokens, begun) = (tokens().await, Instant::now());
    let (verifier, scripted) = Scripted::start([unavailable(), unavailable()], &tokens, LONG).await;
    let outcome = verifier.verify_code(guess()).await.expect("an outcome");
    assert!(matches!(outcome, Outcome::Accepted(_)) && begun.elapsed() >= WAIT * 2);
    let sent = scripted.sent();
    assert_eq!(sent.len(), 3);
    let (key, ..) = &sent[0];
    assert!(key.len() == 32 && sent.iter().all(|(it, ..)| it == key), "{sent:?}");

    verifier.verify_code(guess()).await.expect("an outcome");
    assert_ne!(scripted.sent()[3].0, *key, "another call has another key");
    let mut with_key = guess();
    with_key.idempotency_key = "mine".to_owned();
    verifier.verify_code(with_key).await.expect("an outcome");
    assert_eq!(scripted.sent()[4].0, "mine");
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (code, reason) in [
        (Code::ResourceExhausted, "RATE_LIMITED"),
        (Code::ResourceExhausted, "OVERLOADED"),
        (Code::InvalidArgument, "INVALID_ARGUMENT"),
        (Code::Aborted, "IDEMPOTENCY_CONFLICT"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (Code::Internal, "INTERNAL"),
    ] {
        let refused = [refusal(code, reason, Some(WAIT))];
        let (verifier, scripted) = Scripted::start(refused, &tokens().await, LONG).await;
        let error = verifier.verify_code(guess()).await.expect_err("it is refused");
        assert_eq!(scripted.sent().len(), 1, "{reason}: {error:?}");
    }
}

#[tokio::test]
async fn a_service_that_stays_unavailable_is_left_after_a_few_attempts() {
    let many = (0..100).map(|_| unavailable());
    let (verifier, scripted) = Scripted::start(many, &tokens().await, LONG).await;
    let error = verifier.verify_code(guess()).await.expect_err("it is not there");
    assert_eq!((error.retry_after(), scripted.sent().len()), (Some(WAIT), 5), "{error:?}");
    assert_eq!(error.to_string(), "unavailable: a sentence");
}

#[tokio::test]
async fn a_delay_beyond_the_deadline_is_not_waited_for() {
    let later = refusal(Code::Unavailable, "UNAVAILABLE", Some(LONG * 2));
    let (verifier, scripted) = Scripted::start([later], &tokens().await, LONG).await;
    let begun = Instant::now();
    let error = verifier.verify_code(guess()).await.expect_err("it is not there");
    assert_eq!((error.retry_after(), scripted.sent().len()), (Some(LONG * 2), 1));
    assert!(begun.elapsed() < LONG);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let refused = || refusal(Code::Unauthenticated, "UNAUTHENTICATED", None);
    let endpoint = tokens().await;
    let (verifier, scripted) = Scripted::start([refused()], &endpoint, LONG).await;
    verifier.verify_code(guess()).await.expect("an outcome");
    let sent = scripted.sent();
    let seen: Vec<_> = sent.iter().map(|(_, token, _)| token.as_str()).collect();
    assert_eq!(seen, ["Bearer one", "Bearer two"]);
    assert_eq!(sent[0].0, sent[1].0, "both attempts have one key");

    let always = (0..9).map(|_| refused());
    let (verifier, scripted) = Scripted::start(always, &tokens().await, LONG).await;
    let error = verifier.verify_code(guess()).await.expect_err("it trusts other keys");
    assert!(matches!(error, CallError::Unauthenticated), "{error:?}");
    assert_eq!(scripted.sent().len(), 2);
}

#[tokio::test]
async fn a_call_as_an_agent_carries_the_agents_token_alone() {
    let endpoint = TokenEndpoint::start([granted("of the agent", 900)]).await;
    let credentials = endpoint.credentials(Secret::Text("secret".into()));
    let client = Client::new(credentials, None).expect("a URL");
    let agent = client.exchange(&"id-token".into()).await.expect("a token");
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
        &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token\
        &subject_token=id-token&client_id=help-desk&client_secret=secret";
    assert_eq!(endpoint.forms(), [form]);
    assert_eq!(agent.expires_in, Duration::from_secs(900));

    let refused = refusal(Code::Unauthenticated, "UNAUTHENTICATED", None);
    let (verifier, scripted) = Scripted::start([refused], &endpoint, LONG).await;
    let verifier = verifier.acting_as(&agent);
    let error = verifier.verify_code(guess()).await.expect_err("the token has ended");
    assert!(matches!(error, CallError::Unauthenticated), "{error:?}");
    verifier.verify_code(guess()).await.expect("an outcome");
    let sent: Vec<_> = scripted.sent().into_iter().map(|(_, token, _)| token).collect();
    assert_eq!(sent, ["Bearer of the agent"; 2]);
    assert_eq!(endpoint.forms().len(), 1, "nothing else can replace it");
    assert!(!format!("{verifier:?} {agent:?}").contains("of the agent"));
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_which_the_service_is_told() {
    let deadline = Duration::from_millis(300);
    let (verifier, scripted) = Scripted::start([], &tokens().await, deadline).await;
    verifier.verify_code(guess()).await.expect("an outcome");
    let left = scripted.sent()[0].2.clone();
    let left: u128 = left.strip_suffix('u').expect("microseconds").parse().expect("a number");
    assert!(left > 0 && left <= deadline.as_micros(), "{left} µs are left of {deadline:?}");

    let begun = Instant::now();
    let answer = verifier.describe_lockout(DescribeLockoutRequest::default()).await;
    assert!(matches!(answer, Err(CallError::DeadlineExceeded)), "{answer:?}");
    assert!(begun.elapsed() >= deadline && begun.elapsed() < LONG);
}

#[tokio::test]
async fn without_a_connection_the_cause_is_told() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", gone.local_addr().expect("an address"));
    drop(gone);
    let credentials = tokens().await.credentials(Secret::Text("secret".into()));
    let client = Client::new(credentials.clone(), None).expect("a URL");
    let verifier = client.verifier(&url).expect("a URL");
    let error = verifier.verify_code(guess()).await.expect_err("nothing listens");
    assert!(error.is_transient() && error.to_string().contains("refused"), "{error:?}");

    let client =
        Client::new(crate::Credentials { token_endpoint: url.clone(), ..credentials }, None);
    let verifier = client.expect("a URL").verifier(&url).expect("a URL");
    let error = verifier.verify_code(guess()).await.expect_err("nothing listens");
    assert!(matches!(error, CallError::Token(TokenError::Unavailable { .. })), "{error:?}");
}

#[tokio::test]
async fn calls_can_be_made_from_any_task() {
    let (verifier, _) = Scripted::start([], &tokens().await, LONG).await;
    let calling = tokio::spawn(async move { verifier.verify_code(guess()).await.map(drop) });
    calling.await.expect("no panic").expect("an outcome");
}
