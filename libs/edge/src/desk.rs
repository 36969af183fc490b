//! What a desk asks of the agents who act for it: a token of their own, a recent sign-in, and the tiers and
//! the group that their roles give.

use std::time::Duration;

use clock::Timestamp;
use codes::user::Identifier;
use config::{AgentProvider, Desk, Right};
use desk::request::Standing;
use desk::rule::Rule;
use wire::error::{DeskFault, Fault};

use crate::audit::{self, AgentDenial};
use crate::principal::Principal;

/// The longest time since sign-in for an agent to approve or lift.
const RECENT: Duration = Duration::from_secs(5 * 60);

impl Principal {
    /// The desk of the principal's application.
    ///
    /// # Errors
    /// [`DeskFault::Off`] if it has none.
    pub fn desk(&self) -> Result<&Desk, Fault> {
        self.application().desk.as_ref().ok_or(Fault::Desk(DeskFault::Off))
    }

    /// The tiers and the group that the agent's roles give for a right. Empty for a client.
    pub fn standing(&self, right: Right) -> Standing {
        let Some(provider) = self.provider() else { return Standing::default() };
        provider.standing(&self.caller().application, &self.agent.roles, right)
    }

    /// The identity provider of the agent. `None` for a client, and where the folder has it no more.
    fn provider(&self) -> Option<&AgentProvider> {
        self.configuration().provider(&self.caller().agent.as_ref()?.provider)
    }

    /// How many groups the agent's roles name. With two, neither's limits and brakes would hold.
    fn groups(&self) -> usize {
        let Some(provider) = self.provider() else { return 0 };
        provider.groups(&self.caller().application, &self.agent.roles).len()
    }

    /// Refuses a client's own token at a desk whose agents must prove who they are.
    ///
    /// # Errors
    /// [`Rule::AgentRequired`].
    pub fn require_agent(&self) -> Result<(), Fault> {
        if self.application().has_verified_agents() && self.caller().agent.is_none() {
            audit::agent_denied(self.caller(), AgentDenial::AgentRequired);
            let (rule, retry_after) = (Rule::AgentRequired, None);
            return Err(Fault::Desk(DeskFault::Rule { rule, retry_after }));
        }
        Ok(())
    }

    /// Refuses agents who signed in too long ago, at a desk whose agents must prove who they are.
    ///
    /// # Errors
    /// [`Rule::AgentRequired`], [`DeskFault::SignInAgain`].
    pub fn require_recent_sign_in(&self, now: Timestamp) -> Result<(), Fault> {
        self.require_agent()?;
        let is_agent = self.caller().agent.is_some();
        if is_agent && now.since(self.agent.signed_in) > RECENT {
            audit::agent_denied(self.caller(), AgentDenial::SignInAgain);
            return Err(Fault::Desk(DeskFault::SignInAgain));
        }
        Ok(())
    }

    /// Refuses an agent who acts for their own account. At a desk whose agents must prove who they are,
    /// also a client's own token, an agent of several groups, and a user of whom the provider does not
    /// say whether they are the agent.
    ///
    /// # Errors
    /// `OwnAccount`, [`Rule::AgentRequired`], [`DeskFault::SeveralGroups`] or
    /// [`DeskFault::UncheckedIdentifier`]; `Unavailable` if the directory does not answer.
    pub async fn admit_to(&self, user: &Identifier) -> Result<(), Fault> {
        self.require_agent()?;
        let is_verified = self.application().has_verified_agents();
        if is_verified && self.groups() > 1 {
            audit::agent_denied(self.caller(), AgentDenial::SeveralGroups);
            return Err(Fault::Desk(DeskFault::SeveralGroups));
        }
        let is_checked = self.agent.own.iter().any(|own| own.kind() == user.kind());
        if is_verified && !is_checked {
            audit::agent_denied(self.caller(), AgentDenial::UncheckedIdentifier);
            return Err(Fault::Desk(DeskFault::UncheckedIdentifier));
        }
        self.refuse_own_account(user).await
    }
}
