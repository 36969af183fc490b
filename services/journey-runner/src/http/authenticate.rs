//! `otp/authenticate`, which integrations written for Mosaic call after `otp/send` with the channel
//! `direct`: a code becomes the user's tokens without a journey.
//!
//! # Why here
//! Only the journey runner signs users' tokens, and the code issuer, which serves `otp/send`, may not verify
//! codes. So each service serves one of the two paths.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use codes::authentication::Authentication;
use codes::ids::IdempotencyKey;
use codes::record::DenialReason;
use definitions::Part;
use edge::json::{self, FaultResponse};
use edge::principal::Principal;
use journeys::ports::{MintTokens as _, VerifyRequest};
use journeys::runner::RunError;
use journeys::verdict::{Malformed, Verdict};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokens::scope::Scope;
use wire::error::Fault;
use wire::rpc::Rpc;
use wire::violations::{FieldViolation, Violations};

use crate::{JourneyRunner, fault};

/// The endpoints.
pub(super) fn routes() -> Router<JourneyRunner> {
    Router::new()
        .route("/cis/v1/auth/otp/authenticate", post(authenticate))
        .route("/v1/auth/otp/authenticate", post(authenticate))
}

/// The request's body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    passcode: String,
    identifier_type: String,
    identifier: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    source_address: String,
    #[serde(default)]
    correlation_id: String,
    #[serde(default)]
    idempotency_key: String,
}

/// The answer's body.
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    id_token: String,
    token_type: &'static str,
    /// In seconds.
    expires_in: u64,
}

/// `POST /cis/v1/auth/otp/authenticate`.
async fn authenticate(
    State(runner): State<JourneyRunner>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FaultResponse> {
    let principal = runner.gate.admit(&headers, None, Rpc::VerifyCode)?;
    let attempt = runner.attempt(&principal, json::parse(&headers, &body)?).await?;
    let verdict = runner.verifier.verify(attempt).await;
    let tokens = match verdict.map_err(|error| fault(RunError::from(error)))? {
        Verdict::Accepted { user, grant, at } => {
            let caller = principal.caller();
            let (application, client) = (caller.application.clone(), caller.client.clone());
            runner.tokens(&principal, &Authentication { application, client, user, grant, at })?
        }
        Verdict::Rejected { reason } => {
            return Err(denied(reason.filter(|_| principal.has(Scope::CodesReason))).into());
        }
        Verdict::Malformed(wrong) => {
            return Err(Fault::InvalidArgument(wrong.into_iter().map(violation).collect()).into());
        }
    };
    let mut response = Json(tokens).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl JourneyRunner {
    async fn attempt(&self, principal: &Principal, body: Body) -> Result<VerifyRequest, Fault> {
        let mut violations = Violations::default();
        let kind = violations.identifier_type("identifier_type", &body.identifier_type);
        let channel = match body.channel.as_deref() {
            None | Some("direct") => Ok(()),
            Some(_) => Err(violations.note("channel", "must be direct, or be left out")),
        };
        let source = violations.address("source_address", &body.source_address);
        let key = violations.idempotency_key("idempotency_key", &body.idempotency_key);
        let correlation_id =
            violations.text("correlation_id", body.correlation_id, Violations::SHORT_TEXT);
        let (Ok(identifier_type), Ok(()), Ok(source), Ok(key), Ok(correlation_id)) =
            (kind, channel, source, key, correlation_id)
        else {
            return Err(violations.into());
        };
        let caller = principal.caller();
        let name = match key {
            Some(key) => {
                let texts = [&*body.identifier_type, &body.identifier, &body.passcode];
                self.keys.claim_authentication(caller, &key, texts).await?
            }
            None => self.random_id(),
        };
        Ok(VerifyRequest {
            application: caller.application.clone(),
            identifier_type,
            identifier: body.identifier,
            code: SecretString::from(body.passcode),
            idempotency_key: IdempotencyKey::parse(&name)
                .map_err(|_| Fault::IdempotencyConflict)?,
            correlation_id,
            journey: None,
            binding: None,
            source,
        })
    }

    fn tokens(
        &self,
        principal: &Principal,
        authentication: &Authentication,
    ) -> Result<Tokens, Fault> {
        let minted = self.minter(principal).user_tokens(authentication);
        let minted = minted.map_err(|error| fault(RunError::from(error)))?;
        Ok(Tokens {
            access_token: minted.access_token,
            id_token: minted.id_token,
            token_type: "Bearer",
            expires_in: principal.application().tokens.lifetime.as_secs(),
        })
    }
}

/// What a client is told of a denial: one answer for all of them, unless it may read reasons.
const fn denied(reason: Option<DenialReason>) -> Fault {
    match reason {
        Some(DenialReason::Expired) => Fault::PasscodeExpired,
        Some(DenialReason::Locked | DenialReason::Burned | DenialReason::Disabled) => {
            Fault::LockedOut
        }
        Some(
            DenialReason::WrongCode
            | DenialReason::Superseded
            | DenialReason::NoCode
            | DenialReason::Fenced
            | DenialReason::UnknownKey
            | DenialReason::NotPaired
            | DenialReason::SourceExhausted
            | DenialReason::Blocked,
        )
        | None => Fault::CredentialsRejected,
    }
}

fn violation(Malformed { part, rule }: Malformed) -> FieldViolation {
    let field = match part {
        Part::Identifier => "identifier",
        Part::Code => "passcode",
    };
    FieldViolation::new(field, rule)
}
