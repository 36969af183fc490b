//! The journeys of authorization requests: how a page starts one, and the redirect at its end.
//!
//! A request is tied to one browser by a cookie. The journey is started and answered with that cookie
//! only, so that no person can complete the request of another.

use std::collections::BTreeSet;
use std::sync::Arc;

use authorization::interaction::Interaction;
use axum::http::HeaderMap;
use codes::ids::{ApplicationId, ClientId};
use codes::operations::Caller;
use config::{ClientKind, Configuration};
use edge::principal::Principal;
use journeys::runner::{Answer, Completed, Rejected, Tie};
use openid::authorizations::{purpose, span};
use openid::cookie;
use openid::endpoint::Endpoint;
use serde_json::json;
use web_protocol::message::Message;
use web_protocol::reply::Reply;
use wire::error::Fault;

use super::call::{Call, SsoInvocation};
use crate::JourneyRunner;

/// The client of that id, if pages call in its name: those of a public client, and the recovery page for
/// any that signs its users in.
pub(super) fn client(configuration: &Arc<Configuration>, client_id: &str) -> Option<Principal> {
    let (application, client) = configuration.client(&ClientId::parse(client_id).ok()?)?;
    if matches!(client.kind, ClientKind::Confidential { .. }) && client.openid.is_none() {
        return None;
    }
    let (application, client) = (application.id.clone(), client.id.clone());
    let caller = Caller { application, client, agent: None, is_service: false };
    Principal::new(Arc::clone(configuration), caller, BTreeSet::new())
}

/// Whether the principal is a page's client.
pub(super) fn is_page(principal: &Principal) -> bool {
    matches!(principal.registration().map(|it| &it.kind), Some(ClientKind::Public { .. }))
}

impl JourneyRunner {
    /// The endpoint that authorization requests come to: they count as calls of journeys do.
    pub(super) fn authorization_endpoint(&self) -> Endpoint {
        let (pace, clock) = (Arc::clone(&self.pace), Arc::clone(&self.clock));
        let authorizations = Arc::clone(&self.authorizations);
        let admit = move |source, application: Option<&ApplicationId>| {
            pace.count(source, application, clock.now()).is_ok()
        };
        Endpoint { authorizations, admit: Arc::new(admit) }
    }

    /// Starts the client's journey for an authorization request.
    pub(super) async fn sso(
        &self,
        principal: &Principal,
        call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let SsoInvocation { params } = message.data()?;
        let sealed = call.interaction.as_deref();
        let interaction = sealed.and_then(|sealed| self.interaction(principal, sealed, headers));
        let interaction = interaction.ok_or(Fault::SessionNotFound)?;
        let journey = principal.registration().and_then(|client| client.openid.clone());
        let journey = journey.ok_or(Fault::JourneyNotFound)?;
        let browser = interaction.browser.as_str().to_owned();
        let tie = Some(Tie { browser, purpose: purpose(&interaction) });
        let begun = self.begin(principal, (journey, tie), params, call, headers, message);
        span(&interaction, "start the journey of a request").around(begun).await
    }

    /// The authorization request of a client, in the browser that made it.
    fn interaction(
        &self,
        principal: &Principal,
        sealed: &str,
        headers: &HeaderMap,
    ) -> Option<Interaction> {
        let interaction = self.authorizations.open(sealed, &cookie::browser(headers)?)?;
        let request = &interaction.request;
        let is_theirs = request.client() == principal.caller().client.as_str();
        // The configuration may have changed since the request.
        let is_registered = principal.registration()?.has_registered(&request.redirect_uri)?;
        (is_theirs && is_registered).then_some(interaction)
    }

    /// Where the browser goes if a fault ends the authorization request that a page serves.
    pub(super) fn way_back(
        &self,
        fault: &Fault,
        principal: &Principal,
        sealed: &str,
        headers: &HeaderMap,
    ) -> Option<String> {
        let interaction = self.interaction(principal, sealed, headers)?;
        self.authorizations.fail(&interaction.request, fault)
    }

    /// The answer to a page: of a journey for an authorization request, where the browser goes at its
    /// end, and no token.
    pub(super) async fn reply(&self, answer: Answer) -> Result<Reply, Fault> {
        match answer {
            Answer::Completed(Completed { tie: Some(tie), authentication, .. }) => {
                let url = match authentication {
                    Some(authentication) => {
                        self.authorizations.grant(&tie.purpose, authentication).await?
                    }
                    None => self.authorizations.deny(&tie.purpose)?,
                };
                Ok(Reply::fine(json!({
                    "state": "completed",
                    "assertions_complete": true,
                    "data": { "url": url },
                })))
            }
            Answer::Rejected(Rejected { tie: Some(tie), reason, .. }) => {
                let url = self.authorizations.deny(&tie.purpose)?;
                let data = json!({ "state": "rejected", "data": { "url": url } });
                Ok(Reply::rejected(reason.as_str(), data))
            }
            answer => Ok(Reply::of(answer)),
        }
    }
}
