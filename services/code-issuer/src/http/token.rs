//! The token endpoint: the client credentials grant (RFC 6749, section 4.4), with its errors
//! (section 5.2).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codes::ids::ClientId;
use config::ClientKind;
use edge::audit::ClientRefused;
use edge::form;
use secrecy::SecretString;
use serde_json::json;
use server::http::Source;
use tokens::client::ClientToken;
use tokens::scope;

use super::{Edge, TOKENS_A_MINUTE};

/// Why no token was issued.
enum TokenError {
    InvalidRequest(&'static str),
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
    SlowDown(Duration, &'static str),
    Unavailable,
}

/// `POST /oidc/token`.
pub(super) async fn token(
    State(edge): State<Arc<Edge>>,
    Extension(from): Extension<Source>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut response = match grant(&edge, from, &headers, &body).await {
        Ok(token) => token.into_response(),
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn grant(
    edge: &Edge,
    from: Source,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json<serde_json::Value>, TokenError> {
    let form = form::parse(headers, body).map_err(TokenError::InvalidRequest)?;
    let grant_type =
        form.get("grant_type").ok_or(TokenError::InvalidRequest("grant_type is missing"))?;
    if grant_type != "client_credentials" {
        return Err(TokenError::UnsupportedGrantType);
    }
    let credentials = Credentials::parse(headers, &form)?;
    let mut token = authenticate(edge, from, credentials).await?;
    match form.get("scope").map(|list| scope::parse_list(list)) {
        None => {}
        Some(Ok(asked)) if asked.is_subset(&token.scopes) => token.scopes = asked,
        Some(Ok(_) | Err(_)) => return Err(TokenError::InvalidScope),
    }
    let scope = scope::to_list(&token.scopes);
    let token = token.mint(&edge.service.minter, edge.service.clock.now());
    Ok(Json(json!({
        "access_token": token.map_err(|_| TokenError::Unavailable)?,
        "token_type": "Bearer",
        "expires_in": ClientToken::LIFETIME.as_secs(),
        "scope": scope,
    })))
}

/// What a client presents, by the one method that it chose.
struct Credentials {
    id: String,
    secret: SecretString,
}

impl Credentials {
    fn parse(headers: &HeaderMap, form: &HashMap<String, String>) -> Result<Self, TokenError> {
        let in_form = (form.get("client_id"), form.get("client_secret"));
        match (headers.get(AUTHORIZATION), in_form) {
            (Some(_), (_, Some(_))) => {
                Err(TokenError::InvalidRequest("the client authenticates in two ways at once"))
            }
            (Some(header), (named, None)) => match (Self::basic(header), named) {
                (Some(basic), Some(id)) if basic.id != *id => Err(TokenError::InvalidRequest(
                    "client_id and the Authorization header name different clients",
                )),
                (basic, _) => basic.ok_or(TokenError::InvalidClient),
            },
            (None, (Some(id), Some(secret))) => {
                Ok(Self { id: id.clone(), secret: secret.clone().into() })
            }
            (None, _) => Err(TokenError::InvalidClient),
        }
    }

    /// HTTP Basic, of which both halves are form-encoded first (RFC 6749, section 2.3.1).
    fn basic(header: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let plain = |text: &str| {
            let pair = format!("x={}", text.replace('&', "%26"));
            form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let (id, secret) = (plain(id)?, plain(secret)?);
        scheme.eq_ignore_ascii_case("basic").then(|| Self { id, secret: secret.into() })
    }
}

/// The token of the client whose secret was presented, with everything that the client may do.
async fn authenticate(
    edge: &Edge,
    from: Source,
    credentials: Credentials,
) -> Result<ClientToken, TokenError> {
    let Credentials { id, secret } = credentials;
    let configuration = edge.service.gate.configuration();
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

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::InvalidRequest(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "unknown client or wrong secret")
            }
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type must be client_credentials",
            ),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "a scope is unknown or not granted to this client",
            ),
            Self::SlowDown(_, why) => (StatusCode::TOO_MANY_REQUESTS, "slow_down", why),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "no token can be issued now: try again later",
            ),
        };
        let body = json!({ "error": error, "error_description": description });
        let mut response = (status, Json(body)).into_response();
        match self {
            // RFC 9110, section 15.5.2.
            Self::InvalidClient => {
                let challenge = HeaderValue::from_static("Basic realm=\"postern\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            Self::SlowDown(wait, _) => {
                response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
            }
            Self::Unavailable => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::InvalidRequest(_) | Self::UnsupportedGrantType | Self::InvalidScope => {}
        }
        response
    }
}
