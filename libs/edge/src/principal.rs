//! Who is calling, with what rights, and under which configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use codes::desk::Caller;
use codes::ids::{ApplicationId, ClientId};
use config::{Application, Configuration};
use tokens::scope::Scope;
use tokens::service::ServiceToken;
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
    configuration: Arc<Configuration>,
}

impl Principal {
    /// A caller of one of the configuration's applications; `None` if it has no such application.
    pub fn new(
        configuration: Arc<Configuration>,
        caller: Caller,
        scopes: BTreeSet<Scope>,
    ) -> Option<Self> {
        configuration.application(&caller.application)?;
        Some(Self { caller, scopes, configuration })
    }

    /// The journey runner, in the name of the application whose journey it runs.
    pub(crate) fn journey_runner(
        configuration: Arc<Configuration>,
        application: ApplicationId,
    ) -> Option<Self> {
        let client = ClientId::parse(ServiceToken::SUBJECT).ok()?;
        let caller = Caller { application, client, is_service: true };
        Self::new(configuration, caller, ServiceToken::SCOPES.into_iter().collect())
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
