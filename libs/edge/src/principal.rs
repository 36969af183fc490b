//! Who is calling, and with what rights.

use std::collections::BTreeSet;

use codes::desk::Caller;
use codes::ids::{ApplicationId, ClientId};
use config::{Application, Configuration};
use tokens::scope::Scope;
use tokens::service::ServiceToken;
use wire::error::Fault;

use crate::audit;

/// Who is calling, and with what rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The client and its application.
    pub caller: Caller,
    pub(crate) scopes: BTreeSet<Scope>,
}

impl Principal {
    /// Whether the principal has a right.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The principal's application.
    pub fn application<'a>(
        &self,
        configuration: &'a Configuration,
    ) -> Result<&'a Application, Fault> {
        configuration.application(&self.caller.application).ok_or(Fault::Unauthenticated)
    }

    /// The journey runner, in the name of an application whose journey it runs.
    pub(crate) fn journey_runner(application: ApplicationId) -> Option<Self> {
        let client = ClientId::parse(ServiceToken::SUBJECT).ok()?;
        let scopes = ServiceToken::SCOPES.into_iter().collect();
        Some(Self { caller: Caller { application, client, is_service: true }, scopes })
    }

    /// Refuses a principal without a right.
    pub fn require(&self, scope: Scope) -> Result<(), Fault> {
        if self.has(scope) {
            Ok(())
        } else {
            audit::scope_denied(&self.caller, scope);
            Err(Fault::PermissionDenied { missing: scope.as_str() })
        }
    }
}
