//! The token endpoint (RFC 6749): which client asks, and the grant of a client that acts for itself
//! (section 4.4).
//!
//! | to learn | read |
//! | --- | --- |
//! | what a client sends | `parameters` |
//! | how a client redeems an authorization code | `code` |
//! | how a client gets a token for an agent | `exchange`; why it does not, `refusal` |
//! | how failures slow a client down | `failures` |
//! | what errors look like | `error` |

pub(super) mod code;
mod error;
mod exchange;
pub(super) mod failures;
mod parameters;
mod refusal;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use codes::ids::ClientId;
use config::{ClientKind, Configuration};
use edge::audit::ClientRefused;
use edge::form;
use serde_json::json;
use server::http::Source;
use tokens::client::ClientToken;
use tokens::scope;

use self::error::TokenError;
use self::parameters::{Credentials, narrow};
use super::{Edge, TOKENS_A_MINUTE};

/// The grant of a client that acts for itself.
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// `POST /oidc/token`.
pub(super) async fn token(
    State(edge): State<Arc<Edge>>,
    Extension(from): Extension<Source>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(grant(&edge, from, &headers, &body).await)
}

/// The answer, which no cache may keep (RFC 6749, section 5.1).
fn respond(granted: Result<Json<serde_json::Value>, TokenError>) -> Response {
    let mut response = match granted {
        Ok(token) => token.into_response(),
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

async fn grant(
    edge: &Edge,
    from: Source,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json<serde_json::Value>, TokenError> {
    let form = form::parse(headers, body).map_err(TokenError::invalid)?;
    let grant_type = form.get("grant_type").ok_or(TokenError::invalid("grant_type is missing"))?;
    if grant_type == code::GRANT {
        return code::redeem(edge, from, headers, &form).await;
    }
    if ![CLIENT_CREDENTIALS, exchange::GRANT].contains(&grant_type.as_str()) {
        return Err(TokenError::UnsupportedGrantType);
    }
    let credentials = Credentials::parse(headers, &form)?;
    let configuration = edge.service.gate.configuration();
    let mut token = authenticate(edge, from, &configuration, credentials).await?;
    if grant_type == exchange::GRANT {
        return exchange::exchange(edge, from, &configuration, token, &form).await;
    }
    narrow(&form, &mut token.scopes)?;
    let scope = scope::to_list(&token.scopes);
    let token = token.mint(&edge.service.minter, edge.service.clock.now());
    Ok(Json(json!({
        "access_token": token.map_err(|_| TokenError::Unavailable)?,
        "token_type": "Bearer",
        "expires_in": ClientToken::LIFETIME.as_secs(),
        "scope": scope,
    })))
}

/// The token of the client whose secret was presented, with everything that the client may do.
async fn authenticate(
    edge: &Edge,
    from: Source,
    configuration: &Configuration,
    credentials: Credentials,
) -> Result<ClientToken, TokenError> {
    let Credentials { id, secret } = credentials;
    let client = ClientId::parse(&id).ok().and_then(|id| configuration.client(&id));
    let confidential = client.and_then(|(application, client)| match &client.kind {
        ClientKind::Confidential { secret, scopes, .. } => {
            Some((application, client, secret, scopes))
        }
        ClientKind::Public { .. } => None,
    });
    let now = edge.service.clock.now();
    let id = confidential.map(|(_, client, ..)| &client.id);
    let slow_down = |wait| TokenError::SlowDown(wait, "too many wrong secrets: try again later");
    edge.wrong_secrets.check(from, id, now).map_err(slow_down)?;
    let expected = confidential.map(|(_, _, expected, _)| expected);
    let is_right = tokens::secret::verify(expected, &secret);
    let Some((application, client, secret, scopes)) = confidential.filter(|_| is_right) else {
        let counted = edge.wrong_secrets.count(from, id, now);
        let source = edge.service.issuer.source(from.network());
        let client = client.map(|(application, client)| (&application.id, &client.id));
        let refused = ClientRefused { at: now, client, source: &source }.record().await;
        refused.map_err(|_| TokenError::Unavailable)?;
        counted.map_err(slow_down)?;
        return Err(TokenError::InvalidClient);
    };
    // A client with the right secret slows down only itself.
    let counted = edge.tokens.count(client.id.clone(), TOKENS_A_MINUTE, now);
    counted.map_err(|wait| TokenError::SlowDown(wait, "too many tokens: use one for its life"))?;
    Ok(ClientToken {
        application: application.id.clone(),
        client: client.id.clone(),
        scopes: scopes.clone(),
        generation: secret.generation().clone(),
    })
}
