//! Why no token was issued, as RFC 6749, section 5.2, has it told.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why no token was issued.
pub(super) enum TokenError {
    InvalidRequest(Cow<'static, str>),
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient(&'static str),
    UnsupportedGrantType,
    InvalidScope,
    SlowDown(Duration, &'static str),
    ProviderUnreachable,
    Unavailable,
}

impl TokenError {
    /// A malformed request.
    pub(super) const fn invalid(why: &'static str) -> Self {
        Self::InvalidRequest(Cow::Borrowed(why))
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error, description) = match &self {
            Self::InvalidRequest(why) => (StatusCode::BAD_REQUEST, "invalid_request", &**why),
            Self::UnauthorizedClient(why) => (StatusCode::BAD_REQUEST, "unauthorized_client", *why),
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "unknown client or wrong secret")
            }
            Self::InvalidGrant => (
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "the code is unknown, expired or used, or belongs to another client, redirect_uri or code_verifier",
            ),
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type must be authorization_code, client_credentials or urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "a scope is unknown or not granted to this client",
            ),
            Self::SlowDown(_, why) => (StatusCode::TOO_MANY_REQUESTS, "slow_down", *why),
            Self::ProviderUnreachable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the keys of the identity provider cannot be fetched: try again later",
            ),
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
            Self::Unavailable | Self::ProviderUnreachable => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::InvalidRequest(_)
            | Self::InvalidGrant
            | Self::UnauthorizedClient(_)
            | Self::UnsupportedGrantType
            | Self::InvalidScope => {}
        }
        response
    }
}
