//! What the desk writes to the audit trail.

use std::sync::LazyLock;

use clock::Timestamp;
use codes::audit::{AuditError, Context};
use codes::digest::{AttemptId, Subject};
use codes::ids::Agent;
use codes::operations::OperationError;
use desk::names::{RequestId, Scope};
use edge::principal::Principal;
use telemetry::{AUDIT, Counter, confirmed};
use wire::error::Fault;

use crate::CodeIssuer;

static EVENTS: LazyLock<Counter> =
    LazyLock::new(|| Counter::new("postern.audit.events", "What happened to codes and lockouts."));

/// Something that happened at a desk. What does not concern it is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Happened<'a> {
    pub(super) action: &'static str,
    /// Whom it concerns.
    pub(super) subject: Option<Subject>,
    /// In which attempt to issue.
    pub(super) attempt: Option<AttemptId>,
    /// What the agent said about the issue.
    pub(super) said: Option<&'a Context>,
    /// The rule that refused the issue.
    pub(super) refusal: Option<&'static str>,
    pub(super) request_id: Option<RequestId>,
    /// Why the request needs approval.
    pub(super) cause: Option<&'static str>,
    /// The agent who asked for the approval.
    pub(super) requester: Option<&'a Agent>,
    /// Whether the requester approved a request of this approver before.
    pub(super) mutual: Option<bool>,
    /// What was stopped or released.
    pub(super) stopped: Option<&'a Scope>,
    pub(super) until: Option<Timestamp>,
    /// Why, where no issue says so.
    pub(super) reason: Option<String>,
}

impl Happened<'_> {
    pub(super) fn new(action: &'static str) -> Self {
        Self { action, ..Self::default() }
    }
}

impl CodeIssuer {
    /// Writes an event, before the answer leaves.
    pub(super) async fn record(
        &self,
        principal: &Principal,
        happened: Happened<'_>,
    ) -> Result<(), Fault> {
        let Happened { action, subject, attempt, said, refusal, request_id, .. } = happened;
        let Happened { cause, requester, mutual, stopped, until, reason, .. } = happened;
        EVENTS.count(&[("postern.action", action)]);
        let caller = principal.caller();
        let agent = caller.agent.as_ref();
        let asserted = said.and_then(|said| said.agent_id.as_deref());
        let (named, kind) = (stopped.and_then(name), stopped.map(Scope::as_str));
        let at = self.clock.now();
        let written = confirmed(|| {
            tracing::info!(
                target: AUDIT,
                at = %at,
                action,
                application = caller.application.as_str(),
                client = caller.client.as_str(),
                subject = subject.map(tracing::field::display),
                attempt = attempt.map(tracing::field::display),
                replayed = attempt.map(|_| false),
                refusal,
                request_id = request_id.map(tracing::field::display),
                cause,
                requester = requester.map(|agent| agent.id.as_str()),
                requester_provider = requester.map(|agent| agent.provider.as_str()),
                mutual,
                stopped = kind,
                stopped_name = named,
                until = until.map(tracing::field::display),
                agent_id = agent.map(|agent| agent.id.as_str()).or(asserted),
                agent_provider = agent.map(|agent| agent.provider.as_str()),
                reason = reason.as_deref().or(said.and_then(|said| said.reason.as_deref())),
                ticket_ref = said.and_then(|said| said.ticket_ref.as_deref()),
                verification_method = said.and_then(|said| said.verification_method.as_deref()),
            );
        });
        written.await.map_err(|error| {
            edge::unavailable(OperationError::Audit(AuditError(error.to_string())))
        })
    }
}

/// The name of what is stopped, where it has one.
fn name(scope: &Scope) -> Option<String> {
    match scope {
        Scope::Application => None,
        Scope::Group(group) => Some(group.to_string()),
        Scope::Agent(agent) => Some(format!("{}/{}", agent.provider, agent.id)),
    }
}
