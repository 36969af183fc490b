//! Agents: the rights that a token gives, and the acts that every role forbids.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::Timestamp;
use codes::audit::Context;
use codes::operations::Caller;
use codes::user::{Identifier, UserId};
use config::{AgentProvider, Configuration};
use tokens::agent::AgentToken;
use tokens::client::ClientToken;
use tokens::scope::Scope;
use wire::error::Fault;

use crate::audit::{self, AgentDenial};
use crate::principal::{AgentFacts, Principal, confirmed};
use crate::rules;
use crate::unavailable;

/// What an agent with these roles may do through a client that has these scopes.
pub fn scopes<'r>(
    provider: &AgentProvider,
    client: &ClientToken,
    roles: impl IntoIterator<Item = &'r String>,
) -> BTreeSet<Scope> {
    let rights = provider.rights(&client.application, roles);
    let granted: BTreeSet<_> = rights.into_iter().flat_map(rules::granted).copied().collect();
    granted.intersection(&client.scopes).copied().collect()
}

/// The agent of a valid token, with the rights that the token, the client and the roles give by the
/// configuration as it is now. `None` if the provider no longer vouches for the agent, or not through
/// this client.
pub(crate) fn principal(
    configuration: &Arc<Configuration>,
    token: AgentToken,
    now: Timestamp,
) -> Option<Principal> {
    let client = confirmed(configuration, token.client)?;
    let provider = configuration.provider(&token.agent.provider)?;
    if provider.issuer != token.issuer || !provider.clients.contains(&client.client) {
        return None;
    }
    provider.believed_for(token.authenticated_at, now)?;
    // A type of identifier that was added since: the agent's own account is not known by it.
    let is_known = |kind| token.own.iter().any(|own| own.kind() == kind);
    if !provider.own.keys().copied().all(is_known) {
        return None;
    }
    let scopes = scopes(provider, &client, &token.roles);
    let ClientToken { application, client, .. } = client;
    let caller = Caller { application, client, agent: Some(token.agent), is_service: false };
    let facts =
        AgentFacts { own: token.own, roles: token.roles, signed_in: token.authenticated_at };
    Some(Principal::new(Arc::clone(configuration), caller, scopes)?.with_agent(facts))
}

impl Principal {
    /// Names the agent of the token in what the caller says about a request.
    ///
    /// # Errors
    /// `OtherAgent` if the caller names another agent.
    pub fn name_agent(&self, context: &mut Context) -> Result<(), Fault> {
        let Some(agent) = &self.caller().agent else { return Ok(()) };
        match &context.agent_id {
            Some(named) if named != agent.id.as_str() => {
                audit::agent_denied(self.caller(), AgentDenial::OtherAgent);
                Err(Fault::OtherAgent)
            }
            Some(_) | None => {
                context.agent_id = Some(agent.id.to_string());
                Ok(())
            }
        }
    }

    /// Refuses an agent who acts for their own account, by whichever identifier.
    ///
    /// # Errors
    /// `OwnAccount` if the user is the agent, `Unavailable` if the directory does not say so.
    pub(crate) async fn refuse_own_account(&self, user: &Identifier) -> Result<(), Fault> {
        let own = &self.agent.own;
        if own.is_empty() {
            return Ok(());
        }
        let Some(user) = self.resolve(user).await? else { return Ok(()) };
        for own in own {
            if self.resolve(own).await?.as_ref() == Some(&user) {
                audit::agent_denied(self.caller(), AgentDenial::OwnAccount);
                return Err(Fault::OwnAccount);
            }
        }
        Ok(())
    }

    async fn resolve(&self, user: &Identifier) -> Result<Option<UserId>, Fault> {
        let application = self.application();
        let user = application.directory.resolve(&application.id, user).await;
        user.map_err(|error| unavailable(error.into()))
    }
}
