//! Events of the audit trail that belong to no code: who was turned away at the edge.

use std::sync::LazyLock;
use std::time::Duration;

use clock::{Clock as _, SystemClock, Timestamp};
use codes::ids::{ApplicationId, ClientId, ProviderId};
use codes::operations::Caller;
use telemetry::{AUDIT, Counter, UnwrittenError, confirmed};
use tokens::scope::Scope;

use crate::throttle::Throttle;

/// The name in an event for a client that is not configured: the name that it sent may hold anything.
const UNKNOWN: &str = "(unknown)";

/// How many denials of one client the trail tells of within a minute. More say nothing new, and
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

/// An ID token that was not exchanged.
#[derive(Clone, Copy, Debug)]
pub struct AgentRefused<'a> {
    /// When.
    pub at: Timestamp,
    /// The client that presented it, and the client's application.
    pub client: (&'a ApplicationId, &'a ClientId),
    /// The provider that the token names, if it is configured.
    pub provider: Option<&'a ProviderId>,
    /// Why.
    pub refusal: &'static str,
    /// From which address, as the trail names it.
    pub source: &'a str,
}

impl AgentRefused<'_> {
    /// Writes the event, before the refusal is told.
    ///
    /// # Errors
    /// The event could not be written.
    pub async fn record(self) -> Result<(), UnwrittenError> {
        EVENTS.count(&[("postern.action", "agent.refused"), ("postern.refusal", self.refusal)]);
        confirmed(|| {
            tracing::info!(
                target: AUDIT,
                at = %self.at,
                action = "agent.refused",
                application = self.client.0.as_str(),
                client = self.client.1.as_str(),
                agent_provider = self.provider.map(ProviderId::as_str),
                refusal = self.refusal,
                source = self.source,
            );
        })
        .await
    }
}

/// Writes that a client, or an agent through it, lacks a scope. The refusal does not wait for it: it
/// changes nothing.
pub(crate) fn scope_denied(caller: &Caller, scope: Scope) {
    denied(caller, "scope.denied", Some(scope), None);
}

/// The acts that every role forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentDenial {
    /// To act in another agent's name.
    OtherAgent,
    /// To act for their own account.
    OwnAccount,
    /// To act without a token of their own, where the desk needs one.
    AgentRequired,
    /// To approve or lift long after they signed in.
    SignInAgain,
    /// To act with roles of several groups, whose limits would not hold.
    SeveralGroups,
    /// To act for a user who may be themselves.
    UncheckedIdentifier,
}

/// Writes that an agent tried what no agent may do. The refusal does not wait for it.
pub(crate) fn agent_denied(caller: &Caller, denial: AgentDenial) {
    let refusal = match denial {
        AgentDenial::OtherAgent => "other_agent",
        AgentDenial::OwnAccount => "own_account",
        AgentDenial::AgentRequired => "agent_required",
        AgentDenial::SignInAgain => "sign_in_again",
        AgentDenial::SeveralGroups => "several_groups",
        AgentDenial::UncheckedIdentifier => "unchecked_identifier",
    };
    denied(caller, "agent.denied", None, Some(refusal));
}

fn denied(
    caller: &Caller,
    action: &'static str,
    scope: Option<Scope>,
    refusal: Option<&'static str>,
) {
    EVENTS.count(&[("postern.action", action)]);
    let at = SystemClock.now();
    if DENIED.count(caller.client.clone(), DENIED_A_MINUTE, at).is_err() {
        return;
    }
    let agent = caller.agent.as_ref();
    tracing::info!(
        target: AUDIT,
        at = %at,
        action,
        application = caller.application.as_str(),
        client = caller.client.as_str(),
        agent_id = agent.map(|agent| agent.id.as_str()),
        agent_provider = agent.map(|agent| agent.provider.as_str()),
        scope = scope.map(Scope::as_str),
        refusal,
    );
}
