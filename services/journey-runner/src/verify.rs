//! The way to the verifier: one gRPC call, in the name of the application whose journey asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Timestamp};
use codes::ids::{ApplicationId, GrantId};
use codes::user::UserId;
use definitions::Part;
use edge::certificate::APPLICATION;
use grpc_client::Client;
use journeys::ports::{VerifyCodes, VerifyFault, VerifyRequest};
use journeys::verdict::{Malformed, Verdict};
use secrecy::ExposeSecret as _;
use tokens::mint::Minter;
use tokens::service::ServiceToken;
use tokio::time::{Instant, sleep_until};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Request, Status};
use wire::code::v1::verifier_service_client::VerifierServiceClient;
use wire::code::v1::verify_code_response::Outcome;
use wire::code::v1::{UserIdentifier, VerifyCodeRequest, VerifyCodeResponse, VerifyContext};
use wire::time::from_wire;
use wire::violations::{FieldViolation, from_identifier_type};

use crate::settings::Identity;

/// What a verification may take in all (the budget of the failure policy).
const DEADLINE: Duration = Duration::from_millis(800);

/// No denial is answered sooner than this after it was asked for, whatever it took to find: its
/// time tells nobody why.
const DENIAL_FLOOR: Duration = Duration::from_millis(50);

/// Verifies codes at the verifier.
pub struct RemoteVerifier {
    client: VerifierServiceClient<Client>,
    identity: Identity,
    minter: Minter,
    clock: Arc<dyn Clock>,
    tokens: Mutex<HashMap<ApplicationId, (MetadataValue<Ascii>, Timestamp)>>,
}

impl RemoteVerifier {
    /// Calls the verifier over this way; if it is to know tokens, with some of this minter.
    pub fn new(way: Client, identity: Identity, minter: Minter, clock: Arc<dyn Clock>) -> Self {
        let client = VerifierServiceClient::new(way);
        Self { client, identity, minter, clock, tokens: Mutex::default() }
    }

    /// The header that names the application: beside this service's certificate, or in a token.
    fn authorization(
        &self,
        application: &ApplicationId,
    ) -> Result<(&'static str, MetadataValue<Ascii>), VerifyFault> {
        match self.identity {
            Identity::Token => Ok(("authorization", self.token(application)?)),
            Identity::Certificate => {
                let named = application.as_str().parse();
                let named = named.map_err(|_| {
                    VerifyFault::Misconfigured("the application's id is no header".to_owned())
                })?;
                Ok((APPLICATION, named))
            }
        }
    }

    /// A token, kept for half its life.
    fn token(&self, application: &ApplicationId) -> Result<MetadataValue<Ascii>, VerifyFault> {
        let now = self.clock.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((header, fresh_until)) = tokens.get(application)
            && now < *fresh_until
        {
            return Ok(header.clone());
        }
        let token = ServiceToken { application: application.clone() };
        let misconfigured = |error: &dyn ToString| VerifyFault::Misconfigured(error.to_string());
        let token = token.mint(&self.minter, now).map_err(|error| misconfigured(&error))?;
        let mut header: MetadataValue<Ascii> =
            format!("Bearer {token}").parse().map_err(|error| misconfigured(&error))?;
        header.set_sensitive(true);
        let fresh_until = now + ServiceToken::LIFETIME / 2;
        tokens.insert(application.clone(), (header.clone(), fresh_until));
        Ok(header)
    }

    async fn call(&self, attempt: &VerifyRequest) -> Result<Verdict, VerifyFault> {
        let (header, authorization) = self.authorization(&attempt.application)?;
        let send = || {
            let mut request = Request::new(message(attempt));
            request.set_timeout(DEADLINE);
            request.metadata_mut().insert(header, authorization.clone());
            let mut client = self.client.clone();
            async move { client.verify_code(request).await }
        };
        let reply = match send().await {
            // The idempotency key makes a second try safe: the code is compared once.
            Err(status) if has_lost_its_connection(status.code()) => send().await,
            reply => reply,
        };
        match reply {
            Ok(reply) => verdict(reply.into_inner()),
            Err(status) => refused(&status),
        }
    }
}

#[async_trait]
impl VerifyCodes for RemoteVerifier {
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault> {
        let floor = Instant::now() + DENIAL_FLOOR;
        let call = tokio::time::timeout(DEADLINE, self.call(&attempt)).await;
        let verdict = call.unwrap_or(Err(VerifyFault::Unavailable));
        if !matches!(verdict, Ok(Verdict::Accepted { .. })) {
            sleep_until(floor).await;
        }
        verdict
    }
}

fn message(attempt: &VerifyRequest) -> VerifyCodeRequest {
    VerifyCodeRequest {
        user: Some(UserIdentifier {
            r#type: from_identifier_type(attempt.identifier_type).into(),
            value: attempt.identifier.clone(),
        }),
        // Wiped from memory when the message is dropped.
        code: attempt.code.expose_secret().to_owned(),
        context: Some(VerifyContext {
            correlation_id: attempt.correlation_id.clone().unwrap_or_default(),
            journey_id: attempt.journey.to_string(),
            source_address: attempt.source.map(|it| it.to_string()).unwrap_or_default(),
        }),
        idempotency_key: attempt.idempotency_key.to_string(),
        binding: Vec::new(),
    }
}

/// Whether the call may have ended for no other reason than that its connection did. Which of these
/// it is then depends on how far the call had come: for one still to be sent to a verifier that has
/// announced its end, the client says that there was an internal error.
fn has_lost_its_connection(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Internal | Code::Unknown | Code::Cancelled)
}

/// A reply that cannot be read is no verdict: nobody gets in on it.
fn verdict(reply: VerifyCodeResponse) -> Result<Verdict, VerifyFault> {
    let unreadable = || VerifyFault::Misconfigured("its reply cannot be read".to_owned());
    match reply.outcome.ok_or_else(unreadable)? {
        Outcome::Accepted(accepted) => Ok(Verdict::Accepted {
            user: UserId::parse_subject(&accepted.user_id).map_err(|_| unreadable())?,
            grant: GrantId::parse(&accepted.grant_id).map_err(|_| unreadable())?,
            at: accepted.accepted_at.map(from_wire).ok_or_else(unreadable)?,
        }),
        Outcome::Rejected(rejected) => {
            Ok(Verdict::Rejected { reason: wire::verifier::to_reason(rejected.reason) })
        }
    }
}

fn refused(status: &Status) -> Result<Verdict, VerifyFault> {
    match status.code() {
        Code::InvalidArgument => malformed(status),
        // The key stood for another code: nothing was compared, and nothing will be.
        Code::Aborted => Ok(Verdict::Rejected { reason: None }),
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented => {
            Err(VerifyFault::Misconfigured(status.code().to_string()))
        }
        _ => Err(VerifyFault::Unavailable),
    }
}

/// What the client sent can be no identifier or no code. That the verifier refuses anything else is
/// no mistake of the client's.
fn malformed(status: &Status) -> Result<Verdict, VerifyFault> {
    let violations = FieldViolation::of(status);
    if violations.is_empty() {
        return Err(VerifyFault::Misconfigured("it does not say what is malformed".to_owned()));
    }
    let read = |FieldViolation { field, description: rule }| {
        let part = match field.as_str() {
            "user.value" => Part::Identifier,
            "code" => Part::Code,
            _ => return Err(VerifyFault::Misconfigured(format!("it refuses {field}"))),
        };
        Ok(Malformed { part, rule })
    };
    violations.into_iter().map(read).collect::<Result<_, _>>().map(Verdict::Malformed)
}
