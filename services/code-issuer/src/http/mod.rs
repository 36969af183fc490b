//! The code issuer over HTTP: the token endpoint, and the endpoint that integrations written for
//! Mosaic call to have a code issued.

mod send;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use codes::ids::ClientId;
use edge::throttle::Throttle;
use oidc::KeyCache;

use self::token::failures::{CODES, Failures, ID_TOKENS, SECRETS};
use crate::CodeIssuer;

/// Tokens that one client may be given within a minute: each is good for an hour.
const TOKENS_A_MINUTE: u32 = 600;

/// The window in which tokens are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// What the handlers share.
struct Edge {
    service: CodeIssuer,
    wrong_secrets: Failures,
    refused_tokens: Failures,
    refused_codes: Failures,
    provider_keys: KeyCache,
    tokens: Throttle<ClientId>,
}

impl CodeIssuer {
    /// The endpoints of this service.
    pub fn http(&self) -> Router {
        let edge = Arc::new(Edge {
            service: self.clone(),
            wrong_secrets: Failures::new(SECRETS),
            refused_tokens: Failures::new(ID_TOKENS),
            refused_codes: Failures::new(CODES),
            provider_keys: KeyCache::new(Arc::clone(&self.clock)),
            tokens: Throttle::new(MINUTE),
        });
        Router::new()
            .route("/oidc/token", post(token::token))
            .route("/cis/oidc/token", post(token::token))
            .route("/ido/api/v2/token/exchange", post(token::code::exchange))
            .route("/cis/v1/auth/otp/send", post(send::send))
            .route("/v1/auth/otp/send", post(send::send))
            .with_state(edge)
    }
}
