//! The code issuer: client access tokens, and the codes that a help desk has issued.
//!
//! Thin: requests come in through `grpc` and `http`, pass the gate, and go to
//! [`codes::issuer::Issuer`].
//!
//! # The path of an issued code
//! ```text
//!  edge::guard                  http::send: Gate::admit         one configuration, one Principal
//!  wire::issuer::parse_issue    json::parse, Body::into_request
//!         `------------- Ask -------------'
//!  CodeIssuer::issue            names the agent, refuses while notices are late
//!  desk::Desk                   admits the issue, if the application has a desk
//!  codes::issuer::Issuer        draws a `TempCode`, stores its digest
//!  CodeStore: one Redis script
//!  edge::notices::Notices       the outbox, if the application has a receiver of notices
//!         .---------- IssuedCode ----------.
//!  wire::issuer::from_issued    http::Sent                      the code in clear, for the answer
//! ```
//! `IssuedCode` and `IssueCodeResponse` wipe the code from memory when they are dropped.

mod desk;
pub mod dispatch;
mod grpc;
mod http;
pub mod links;
mod notify;
pub mod redemption;
pub mod settings;
mod webhooks;

use std::sync::Arc;

use ::desk::desk::Desk;
use ::desk::messages::Pending;
use ::desk::request::Ask;
use ::desk::store::DeskStore;
use clock::Clock;
use codes::grants::GrantStore;
use codes::issuer::{IssuedCode, Issuer};
use codes::operations::Operations;
use codes::pairer::Pairer;
use codes::repudiator::Repudiator;
use config::Application;
use edge::gate::Gate;
use edge::notices::Notices;
use edge::principal::Principal;
use notices::notifier::Notifier;
use tokens::mint::Minter;
use tokens::scope::Scope;
use wire::error::{DeskFault, Fault};

use crate::redemption::RemoteRunner;

/// The description of this service's HTTP.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The service, over its ports.
#[derive(Clone)]
pub struct CodeIssuer {
    gate: Gate,
    issuer: Issuer,
    desk: Desk,
    pairer: Pairer,
    repudiator: Repudiator,
    minter: Minter,
    notices: Notices,
    grants: Arc<dyn GrantStore>,
    runner: Option<RemoteRunner>,
    clock: Arc<dyn Clock>,
}

impl CodeIssuer {
    /// A code issuer for the principals that the gate admits. The minter's client tokens are those
    /// that the gates of all services accept. Without a runner, no authorization code is redeemed.
    pub fn new(
        gate: Gate,
        operations: Operations,
        desks: Arc<dyn DeskStore>,
        notifier: Notifier,
        minter: Minter,
        runner: Option<RemoteRunner>,
    ) -> Self {
        desk::figures::begin();
        let (clock, grants) = (Arc::clone(&operations.clock), Arc::clone(&operations.grants));
        let pairer = Pairer::new(operations.clone());
        let desk = Desk::new(operations.clone(), desks);
        let repudiator = Repudiator::new(operations.clone());
        let (issuer, notices) = (Issuer::new(operations), Notices::new(notifier));
        Self { gate, issuer, desk, pairer, repudiator, minter, notices, grants, runner, clock }
    }

    /// Issues a code: what both edges do once a request is read and its caller known.
    async fn issue(&self, principal: &Principal, mut ask: Ask) -> Result<Issued, Fault> {
        let request = &mut ask.issue;
        if request.override_lockout {
            principal.require(Scope::LockoutsOverride)?;
        }
        principal.name_agent(&mut request.context)?;
        let admitted = principal.admit_to(&request.user).await;
        admitted.inspect_err(desk::figures::refused_before)?;
        self.notices.refuse_delayed(principal).await?;
        let issued = if principal.application().desk.is_some() {
            self.issue_at_desk(principal, &mut ask).await?
        } else {
            self.issue_freely(principal, &ask).await?
        };
        self.tell(principal, &ask, &issued).await?;
        Ok(issued)
    }

    /// Issues a code where the application has no desk.
    async fn issue_freely(&self, principal: &Principal, ask: &Ask) -> Result<Issued, Fault> {
        if ask.request_id.is_some() {
            return Err(Fault::Desk(DeskFault::Off));
        }
        let Application { policy, directory, .. } = principal.application();
        let caller = principal.caller();
        let issuance = self.issuer.issue(caller, policy, &**directory, &ask.issue).await;
        wire::issuer::issued(issuance.map_err(edge::unavailable)?).map(Issued::Code)
    }
}

/// What an issue gives.
enum Issued {
    /// The code.
    Code(IssuedCode),
    /// The desk needs another agent's approval.
    Pending(Pending),
}
