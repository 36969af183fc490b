//! Events of the audit trail that belong to no code: who was turned away at the edge.

use std::sync::LazyLock;
use std::time::Duration;

use clock::{Clock as _, SystemClock, Timestamp};
use codes::desk::Caller;
use codes::ids::{ApplicationId, ClientId};
use telemetry::{AUDIT, Counter, UnwrittenError, confirmed};
use tokens::scope::Scope;

use crate::throttle::Throttle;

/// What stands in an event for a client that is not configured: what it called itself may be anything.
const UNKNOWN: &str = "(unknown)";

/// How many denied scopes of one client the trail tells of within a minute. More say nothing new, and
/// are counted all the same.
const DENIED_A_MINUTE: u32 = 60;

static EVENTS: LazyLock<Counter> =
    LazyLock::new(|| Counter::new("postern.audit.events", "What happened to codes and lockouts."));

static DENIED: LazyLock<Throttle<ClientId>> =
    LazyLock::new(|| Throttle::new(Duration::from_secs(60)));

/// A client that did not prove itself.
#[derive(Clone, Copy, Debug)]
pub struct ClientRefused<'a> {
    /// When.
    pub at: Timestamp,
    /// Who it said it is, and that client's application; `None` if no such client is configured.
    pub client: Option<(&'a ApplicationId, &'a ClientId)>,
    /// From which address, as the trail names it.
    pub source: &'a str,
}

impl ClientRefused<'_> {
    /// Writes the event, before the caller is refused.
    ///
    /// # Errors
    /// The event was not written in time: the caller must not answer.
    pub async fn record(self) -> Result<(), UnwrittenError> {
        let (application, client) = self.client.unzip();
        let refusal = if client.is_some() { "wrong_secret" } else { "unknown_client" };
        EVENTS.count(&[("postern.action", "client.refused"), ("postern.refusal", refusal)]);
        confirmed(|| {
            tracing::info!(
                target: AUDIT,
                at = %self.at,
                action = "client.refused",
                application = application.map(ApplicationId::as_str),
                client = client.map_or(UNKNOWN, ClientId::as_str),
                refusal,
                source = self.source,
            );
        })
        .await
    }
}

/// Writes that a client lacks a scope. The refusal does not wait for it: it changes nothing.
pub(crate) fn scope_denied(caller: &Caller, scope: Scope) {
    EVENTS.count(&[("postern.action", "scope.denied")]);
    let at = SystemClock.now();
    if DENIED.count(caller.client.clone(), DENIED_A_MINUTE, at).is_err() {
        return;
    }
    tracing::info!(
        target: AUDIT,
        at = %at,
        action = "scope.denied",
        application = caller.application.as_str(),
        client = caller.client.as_str(),
        scope = scope.as_str(),
    );
}
