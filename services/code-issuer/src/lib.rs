//! The code issuer: client access tokens, and the codes that a help desk has issued.
//!
//! Thin: requests come in through `grpc` and `http`, pass the gate, and go to
//! [`codes::issuer::Issuer`].

mod grpc;
mod http;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use codes::desk::Desk;
use codes::ids::ClientId;
use codes::issuer::{IssueRequest, Issuer};
use config::{Application, ClientKind, Configuration};
use edge::gate::Gate;
use edge::principal::Principal;
use edge::throttle::Throttle;
use tokens::mint::Minter;
use tokens::scope::Scope;
use wire::code::v1::IssueCodeResponse;
use wire::error::Fault;

/// The description of this service's HTTP.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The service, over its ports.
#[derive(Clone)]
pub struct CodeIssuer {
    gate: Gate,
    issuer: Issuer,
    minter: Minter,
    clock: Arc<dyn Clock>,
    issues: Arc<Throttle<ClientId>>,
}

impl CodeIssuer {
    /// A code issuer for those whom the gate lets in. The minter's client tokens are those
    /// that the gates of all services accept.
    pub fn new(gate: Gate, desk: Desk, minter: Minter) -> Self {
        let issues = Arc::new(Throttle::new(Duration::from_secs(60)));
        let clock = Arc::clone(&desk.clock);
        Self { gate, clock, issuer: Issuer::new(desk), minter, issues }
    }

    /// Issues a code: what both edges do once a request is read and its caller known.
    async fn issue(
        &self,
        principal: &Principal,
        request: &IssueRequest,
    ) -> Result<IssueCodeResponse, Fault> {
        if request.override_lockout {
            principal.require(Scope::LockoutsOverride)?;
        }
        let configuration = self.gate.configuration();
        let Application { policy, directory, .. } = principal.application(&configuration)?;
        self.slow_down(&configuration, &principal.caller.client)?;
        let issuance = self.issuer.issue(&principal.caller, policy, &**directory, request).await;
        wire::issuer::from_issuance(issuance.map_err(edge::unavailable)?)
    }

    /// Refuses a client that asks for more codes a minute than it may.
    fn slow_down(&self, configuration: &Configuration, client: &ClientId) -> Result<(), Fault> {
        let kind = configuration.client(client).map(|(_, client)| &client.kind);
        let Some(ClientKind::Confidential { issues_per_minute, .. }) = kind else {
            return Err(Fault::Unauthenticated);
        };
        let counted = self.issues.count(client.clone(), *issues_per_minute, self.clock.now());
        counted.map_err(|retry_after| Fault::RateLimited { retry_after })
    }
}
