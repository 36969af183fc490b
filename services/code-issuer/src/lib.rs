//! The code issuer: client access tokens, and the codes that a help desk has issued.
//!
//! Thin: requests come in through `grpc` and `http`, pass the gate, and go to
//! [`codes::issuer::Issuer`].
//!
//! # The path of an issued code
//! ```text
//!  edge::guard                  http::send: Gate::admit         one configuration, one Principal
//!  wire::issuer::parse_issue    json::parse, Body::into_request
//!         `--------- IssueRequest ---------'
//!  CodeIssuer::issue
//!  codes::issuer::Issuer        draws a `TempCode`, stores its digest
//!  CodeStore: one Redis script
//!         .---------- IssuedCode ----------.
//!  wire::issuer::from_issued    http::Sent                      the code in clear, for the answer
//! ```
//! `IssuedCode` and `IssueCodeResponse` wipe the code from memory when they are dropped.

mod desk;
mod grpc;
mod http;
pub mod settings;

use std::sync::Arc;

use clock::Clock;
use codes::issuer::{IssueRequest, IssuedCode, Issuer};
use codes::operations::Operations;
use codes::pairer::Pairer;
use config::Application;
use edge::gate::Gate;
use edge::principal::Principal;
use tokens::mint::Minter;
use tokens::scope::Scope;
use wire::error::Fault;

/// The description of this service's HTTP.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The service, over its ports.
#[derive(Clone)]
pub struct CodeIssuer {
    gate: Gate,
    issuer: Issuer,
    pairer: Pairer,
    minter: Minter,
    clock: Arc<dyn Clock>,
}

impl CodeIssuer {
    /// A code issuer for the principals that the gate admits. The minter's client tokens are those
    /// that the gates of all services accept.
    pub fn new(gate: Gate, operations: Operations, minter: Minter) -> Self {
        let clock = Arc::clone(&operations.clock);
        let pairer = Pairer::new(operations.clone());
        Self { gate, clock, issuer: Issuer::new(operations), pairer, minter }
    }

    /// Issues a code: what both edges do once a request is read and its caller known.
    async fn issue(
        &self,
        principal: &Principal,
        mut request: IssueRequest,
    ) -> Result<IssuedCode, Fault> {
        if request.override_lockout {
            principal.require(Scope::LockoutsOverride)?;
        }
        principal.name_agent(&mut request.context)?;
        principal.refuse_own_account(&request.user).await?;
        let Application { policy, directory, .. } = principal.application();
        let issuance = self.issuer.issue(principal.caller(), policy, &**directory, &request).await;
        wire::issuer::issued(issuance.map_err(edge::unavailable)?)
    }
}
