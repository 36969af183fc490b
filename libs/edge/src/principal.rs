//! Who is calling, with what rights, and under which configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId};
use codes::operations::Caller;
use codes::user::Identifier;
use config::{Application, Client, ClientKind, Configuration};
use tokens::client::ClientToken;
use tokens::link::LinkToken;
use tokens::scope::Scope;
use tokens::service::Service;
use wire::error::Fault;

use crate::audit;

/// Who is calling, with what rights, and under which configuration.
///
/// # Why it carries the configuration
/// Rights, policy and journeys of one request come from one configuration. A reload while the request
/// is under way must not give it the rights of one configuration and the policy of another.
#[derive(Clone, Debug)]
pub struct Principal {
    caller: Caller,
    pub(crate) scopes: BTreeSet<Scope>,
    /// What the token says about the agent.
    pub(crate) agent: AgentFacts,
    /// The link of a notice, if its holder is calling.
    link: Option<LinkToken>,
    configuration: Arc<Configuration>,
}

/// The facts in an agent's token, besides their identity. Empty for a client's own token.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentFacts {
    /// The identifiers of the agent's own account.
    pub(crate) own: Vec<Identifier>,
    /// The names of the agent's roles.
    pub(crate) roles: BTreeSet<String>,
    /// When the agent signed in.
    pub(crate) signed_in: Timestamp,
}

impl Principal {
    /// A caller of one of the configuration's applications; `None` if it has no such application.
    pub fn new(
        configuration: Arc<Configuration>,
        caller: Caller,
        scopes: BTreeSet<Scope>,
    ) -> Option<Self> {
        configuration.application(&caller.application)?;
        Some(Self { caller, scopes, agent: AgentFacts::default(), link: None, configuration })
    }

    /// An agent, of whom the token says this.
    pub(crate) fn with_agent(self, agent: AgentFacts) -> Self {
        Self { agent, ..self }
    }

    /// The client of a valid token.
    pub(crate) fn client(configuration: &Arc<Configuration>, token: ClientToken) -> Option<Self> {
        let ClientToken { application, client, scopes, .. } = confirmed(configuration, token)?;
        let caller = Caller { application, client, agent: None, is_service: false };
        Self::new(Arc::clone(configuration), caller, scopes)
    }

    /// A service, in the name of an application.
    pub(crate) fn service(
        configuration: Arc<Configuration>,
        service: Service,
        application: ApplicationId,
    ) -> Option<Self> {
        let client = ClientId::parse(service.subject()).ok()?;
        let caller = Caller { application, client, agent: None, is_service: true };
        Self::new(configuration, caller, service.scopes().iter().copied().collect())
    }

    /// The holder of a link, who may repudiate its code.
    pub(crate) fn link_holder(configuration: Arc<Configuration>, link: LinkToken) -> Option<Self> {
        let client = ClientId::parse(LinkToken::SUBJECT).ok()?;
        let application = link.application.clone();
        let caller = Caller { application, client, agent: None, is_service: false };
        let holder = Self::new(configuration, caller, BTreeSet::from([Scope::LinksUse]))?;
        Some(Self { link: Some(link), ..holder })
    }

    /// The link of a notice, if its holder is calling.
    pub const fn link(&self) -> Option<&LinkToken> {
        self.link.as_ref()
    }

    /// The client and its application.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The configuration under which the whole request is served.
    pub const fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// The principal's application.
    #[expect(clippy::missing_panics_doc, reason = "`new` found the application")]
    pub fn application(&self) -> &Application {
        let application = self.configuration.application(&self.caller.application);
        application.expect("`new` found it in this configuration")
    }

    /// The client as it is configured. `None` for a service, and for the holder of a link.
    pub fn registration(&self) -> Option<&Client> {
        self.application().clients.get(&self.caller.client)
    }

    /// Whether the principal has a right.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses a principal without a right.
    ///
    /// # Errors
    /// [`Fault::PermissionDenied`] names the missing scope; the audit trail notes it.
    pub fn require(&self, scope: Scope) -> Result<(), Fault> {
        if self.has(scope) {
            Ok(())
        } else {
            audit::scope_denied(&self.caller, scope);
            Err(Fault::PermissionDenied { missing: scope.as_str() })
        }
    }
}

/// A valid token with the rights that both it and the configuration give its client. A client that was
/// removed, lost a scope or got another secret does not keep what it had until its token ends. The
/// configuration is asked for every call, also where a token's signature was checked before.
pub(crate) fn confirmed(configuration: &Configuration, token: ClientToken) -> Option<ClientToken> {
    let (application, client) = configuration.client(&token.client)?;
    let ClientKind::Confidential { secret, scopes, .. } = &client.kind else { return None };
    if *secret.generation() != token.generation || application.id != token.application {
        return None;
    }
    let scopes = token.scopes.intersection(scopes).copied().collect();
    Some(ClientToken { scopes, ..token })
}
