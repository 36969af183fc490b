//! The code issuer over HTTP: the token endpoint, and the endpoint that integrations written for
//! Mosaic call to have a code issued.

mod send;
mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use edge::throttle::Throttle;

use crate::CodeIssuer;

/// Wrong client secrets that one client may present from one address within a minute.
const WRONG_SECRETS_A_MINUTE: u32 = 10;

/// What the handlers share.
struct Edge {
    service: CodeIssuer,
    wrong_secrets: Throttle<token::Source>,
}

impl CodeIssuer {
    /// The endpoints of this service.
    pub fn http(&self) -> Router {
        let wrong_secrets = Throttle::new(WRONG_SECRETS_A_MINUTE, Duration::from_secs(60));
        let edge = Arc::new(Edge { service: self.clone(), wrong_secrets });
        Router::new()
            .route("/oidc/token", post(token::token))
            .route("/cis/oidc/token", post(token::token))
            .route("/cis/v1/auth/otp/send", post(send::send))
            .route("/v1/auth/otp/send", post(send::send))
            .with_state(edge)
    }
}
