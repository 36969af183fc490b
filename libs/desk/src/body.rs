//! What a request for approval holds for the approver and for the issue that collects it: encrypted,
//! since it names the user. It never holds a code.

use std::time::Duration;

use clock::Timestamp;
use codes::audit::Context;
use codes::ids::{Agent, AgentId, ApplicationId, ClientId, ProviderId};
use codes::pairing::{Binding, Journey};
use codes::peppers::Peppers;
use codes::user::{Identifier, IdentifierType};
use serde::{Deserialize, Serialize};

use crate::messages::RequestView;
use crate::names::{RequestId, Tier};
use crate::request::Ask;
use crate::store::Request;

/// The body as it is written.
#[derive(Serialize, Deserialize)]
pub(crate) struct Body {
    user_type: String,
    user: String,
    tier: String,
    client: String,
    provider: String,
    agent: String,
    agent_id: Option<String>,
    reason: Option<String>,
    ticket_ref: Option<String>,
    verification_method: Option<String>,
    expires_in_seconds: Option<u64>,
    overrides_lockout: bool,
    binding: Option<[u8; 16]>,
    session_ends_at_ms: Option<i64>,
}

impl Body {
    /// The body of a request by that agent.
    pub(crate) fn new(
        ask: &Ask,
        client: &ClientId,
        agent: &Agent,
        tier: &Tier,
        journey: Option<Journey>,
    ) -> Self {
        let Context { agent_id, reason, ticket_ref, verification_method, .. } = &ask.issue.context;
        Self {
            user_type: ask.issue.user.kind().as_str().to_owned(),
            user: ask.issue.user.value().to_owned(),
            tier: tier.to_string(),
            client: client.to_string(),
            provider: agent.provider.to_string(),
            agent: agent.id.to_string(),
            agent_id: agent_id.clone(),
            reason: reason.clone(),
            ticket_ref: ticket_ref.clone(),
            verification_method: verification_method.clone(),
            expires_in_seconds: ask.issue.expires_in.map(|life| life.as_secs()),
            overrides_lockout: ask.issue.override_lockout,
            binding: journey.map(|journey| *journey.binding.as_bytes()),
            session_ends_at_ms: journey.map(|journey| journey.session_ends_at.unix_millis()),
        }
    }

    /// Encrypts the body for its request.
    pub(crate) fn seal(
        &self,
        peppers: &Peppers,
        application: &ApplicationId,
        id: RequestId,
    ) -> Vec<u8> {
        let text = serde_json::to_vec(self).expect("a body of texts and numbers is JSON");
        peppers.requests().seal(&owner(application, id), text)
    }

    /// Opens a request's body; `None` if another key or another version wrote it.
    pub(crate) fn open(
        peppers: &Peppers,
        application: &ApplicationId,
        request: &Request,
    ) -> Option<Self> {
        let text = peppers.requests().open(&owner(application, request.id), &request.body)?;
        serde_json::from_slice(&text).ok()
    }

    /// The journey that the code would be for.
    pub(crate) fn journey(&self) -> Option<Journey> {
        let (binding, ends_at) = self.binding.zip(self.session_ends_at_ms)?;
        let session_ends_at = Timestamp::from_unix_millis(ends_at);
        Some(Journey { binding: Binding::from_bytes(binding), session_ends_at })
    }

    /// What the approver sees of the request; `None` if a name in it is no longer valid.
    pub(crate) fn view(self, request: &Request) -> Option<RequestView> {
        let kind = IdentifierType::parse(&self.user_type)?;
        Some(RequestView {
            id: request.id,
            cause: request.cause,
            agent: Agent {
                provider: ProviderId::parse(&self.provider).ok()?,
                id: AgentId::parse(&self.agent).ok()?,
            },
            client: ClientId::parse(&self.client).ok()?,
            user: Identifier::parse(kind, &self.user).ok()?,
            tier: Tier::parse(&self.tier).ok()?,
            is_paired: self.binding.is_some(),
            context: Context {
                agent_id: self.agent_id,
                reason: self.reason,
                ticket_ref: self.ticket_ref,
                verification_method: self.verification_method,
                ..Context::default()
            },
            expires_in: self.expires_in_seconds.map(Duration::from_secs),
            overrides_lockout: self.overrides_lockout,
            expires_at: request.expires_at,
        })
    }
}

/// A body opens in its own application, under its own id.
fn owner(application: &ApplicationId, id: RequestId) -> Vec<u8> {
    [&id.as_bytes()[..], application.as_str().as_bytes()].concat()
}
