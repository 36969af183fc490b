//! Token introspection, for backends that ask whether a token is active instead of checking it
//! themselves: RFC 7662, and the same under the path and in the form of Mosaic.
//!
//! Every confidential client may ask about the tokens of its own application, with its client access
//! token. The answer about a token that is not active never says why. A token is inactive once its grant
//! is revoked, and unknown, never active, while that cannot be read.

use axum::body::Bytes;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use codes::ids::ClientId;
use edge::form;
use edge::json::{self, FaultResponse};
use edge::principal::Principal;
use edge::rules::Budget;
use serde::Deserialize;
use serde_json::{Value, json};
use tokens::introspection::{Active, inactive, introspect};
use wire::error::Fault;
use wire::violations::FieldViolation;

use crate::JourneyRunner;

/// Where a token is introspected by RFC 7662.
const PATH: &str = "/oidc/token/introspection";

/// The endpoints.
pub(super) fn routes() -> Router<JourneyRunner> {
    Router::new().route(PATH, post(standard)).route("/ido/api/v2/token/introspect", post(as_mosaic))
}

/// The query of Mosaic's call.
#[derive(Deserialize)]
struct Asked {
    /// A client of the caller's application: the caller itself, or the one that ran the journey.
    #[serde(rename = "clientId")]
    client_id: Option<String>,
}

/// The body of Mosaic's call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    token: String,
}

async fn standard(
    State(runner): State<JourneyRunner>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, FaultResponse> {
    let principal = runner.gate.admit_client(&headers, Budget::Verifications)?;
    let form = form::parse(&headers, &body).map_err(|why| invalid("body", why))?;
    let token = form.get("token").ok_or_else(|| invalid("token", "is missing"))?;
    Ok(Json(runner.introspect(&principal, token).await?))
}

async fn as_mosaic(
    State(runner): State<JourneyRunner>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, FaultResponse> {
    let principal = runner.gate.admit_client(&headers, Budget::Verifications)?;
    let Ok(Query(Asked { client_id })) = query else {
        return Err(invalid("clientId", "must be given at most once").into());
    };
    let is_known = |id: String| {
        let clients = &principal.application().clients;
        ClientId::parse(&id).is_ok_and(|id| clients.contains_key(&id))
    };
    if !client_id.is_none_or(is_known) {
        return Err(invalid("clientId", "must be a client of the caller's application").into());
    }
    let Body { token } = json::parse(&headers, &body)?;
    let data = runner.introspect(&principal, &token).await?;
    Ok(Json(json!({ "error_code": 0, "data": data })))
}

impl JourneyRunner {
    /// # Errors
    /// [`Fault::Unavailable`] if the store of revoked grants does not answer.
    async fn introspect(&self, principal: &Principal, token: &str) -> Result<Value, Fault> {
        let application = principal.application();
        let clients = application.clients.keys();
        let active =
            introspect(token, &application.id, clients, &self.own_tokens, self.clock.now());
        let Some(Active { answer, grant }) = active else { return Ok(inactive()) };
        let Some(grant) = grant else { return Ok(answer) };
        let is_revoked = self.grants.is_revoked(&grant).await;
        let is_revoked = is_revoked.map_err(|error| edge::unavailable(error.into()))?;
        Ok(if is_revoked { inactive() } else { answer })
    }
}

fn invalid(field: &'static str, description: &str) -> Fault {
    Fault::InvalidArgument(vec![FieldViolation::new(field, description)])
}
