//! The authorization code grant (RFC 6749, section 4.1.3; RFC 7636): a client redeems the code that a
//! browser brought it. The journey runner keeps the codes and signs the tokens.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::{Extension, Json};
use codes::ids::{ApplicationId, ClientId, GrantId};
use config::{ClientKind, Configuration};
use edge::{form, json};
use serde::Deserialize;
use serde_json::{Value, json};
use server::http::Source;
use wire::journey::v1::redeem_authorization_code_response::Outcome;
use wire::journey::v1::{AuthorizationTokens, RedeemAuthorizationCodeRequest};

use super::error::TokenError;
use super::parameters::Credentials;
use super::{authenticate, respond};
use crate::http::Edge;

/// The grant's name.
pub(super) const GRANT: &str = "authorization_code";

/// The query of Mosaic's call.
#[derive(Deserialize)]
pub(in crate::http) struct Asked {
    #[serde(rename = "clientId")]
    client_id: String,
}

/// `POST /ido/api/v2/token/exchange?clientId=`: the same grant in the form of Mosaic, where a form or a JSON
/// object holds the code.
pub(in crate::http) async fn exchange(
    State(edge): State<Arc<Edge>>,
    Extension(from): Extension<Source>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = form::parse(&headers, &body).or_else(|_| {
        json::parse(&headers, &body)
            .map_err(|_| "the body must be a form, or a JSON object of texts")
    });
    let granted = match (form, asked) {
        (Ok(mut form), Ok(Query(Asked { client_id }))) => {
            form.insert("client_id".to_owned(), client_id);
            redeem(&edge, from, &headers, &form).await
        }
        (Err(why), _) => Err(TokenError::invalid(why)),
        (_, Err(_)) => Err(TokenError::invalid("the query must name a clientId")),
    };
    respond(granted)
}

/// Redeems the code in the form.
pub(super) async fn redeem(
    edge: &Edge,
    from: Source,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<Json<Value>, TokenError> {
    let runner = edge.service.runner.as_ref().ok_or(TokenError::UnsupportedGrantType)?;
    let configuration = edge.service.gate.configuration();
    let (application, client) = client(edge, from, &configuration, headers, form).await?;
    let registered = configuration.client(&client);
    if registered.is_none_or(|(_, client)| client.openid.is_none()) {
        return Err(TokenError::UnauthorizedClient("the client lacks `openid: true`"));
    }
    let now = edge.service.clock.now();
    let slow_down = |wait| TokenError::SlowDown(wait, "too many codes were refused");
    edge.refused_codes.check(from, Some(&client), now).map_err(slow_down)?;
    let required =
        |name: &'static str, why| form.get(name).cloned().ok_or(TokenError::invalid(why));
    let message = RedeemAuthorizationCodeRequest {
        client_id: client.to_string(),
        code: required("code", "code is missing")?,
        redirect_uri: required("redirect_uri", "redirect_uri is missing")?,
        code_verifier: required("code_verifier", "code_verifier is missing")?,
    };
    match runner.redeem(&application, message, now).await {
        Some(Outcome::Tokens(tokens)) => Ok(Json(body(&tokens))),
        None => Err(TokenError::Unavailable),
        Some(outcome) => {
            if let Outcome::Replayed(replayed) = outcome {
                revoke(edge, &replayed.grant_id).await?;
            }
            edge.refused_codes.count(from, Some(&client), now).map_err(slow_down)?;
            Err(TokenError::InvalidGrant)
        }
    }
}

fn body(tokens: &AuthorizationTokens) -> Value {
    json!({
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in_seconds,
        "id_token": tokens.id_token,
        "scope": tokens.scope,
    })
}

/// The client: with its secret if it has one, else by its ID alone, since PKCE proves the rest.
async fn client(
    edge: &Edge,
    from: Source,
    configuration: &Configuration,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<(ApplicationId, ClientId), TokenError> {
    if headers.contains_key(AUTHORIZATION) || form.contains_key("client_secret") {
        let credentials = Credentials::parse(headers, form)?;
        let token = authenticate(edge, from, configuration, credentials).await?;
        return Ok((token.application, token.client));
    }
    let id = form.get("client_id").and_then(|id| ClientId::parse(id).ok());
    let client = id.and_then(|id| configuration.client(&id));
    match client {
        Some((application, client)) if matches!(client.kind, ClientKind::Public { .. }) => {
            Ok((application.id.clone(), client.id.clone()))
        }
        _ => Err(TokenError::InvalidClient),
    }
}

/// Revokes what a replayed code gave: one of the two that presented it may be a thief.
async fn revoke(edge: &Edge, grant: &str) -> Result<(), TokenError> {
    let grant = GrantId::parse(grant).map_err(|_| TokenError::Unavailable)?;
    edge.service.grants.revoke(&grant).await.map_err(|error| {
        tracing::error!(error = %error, "the grant of a replayed code is not revoked");
        TokenError::Unavailable
    })
}
