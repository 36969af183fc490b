//! The audit trail: one line an event under the target `audit`, written before the operation is
//! answered. Events are counted as well, and noted in the trace, without who did it and to whom.

use std::sync::Arc;

use async_trait::async_trait;
use chassis::telemetry::{AUDIT, Counter, confirmed, note};
use codes::audit::{Action, Audit, AuditError, Event};
use codes::record::DenialReason;

/// Writes the trail where the process is told to.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogAudit;

#[async_trait]
impl Audit for LogAudit {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        let Event { at, action, application, client, subject, attempt, replayed, code_id, context } =
            event;
        let reason = denial(action).map(DenialReason::as_str);
        let say = || {
            tracing::info!(
                target: AUDIT,
                at = %at,
                action = action.as_str(),
                application = application.as_str(),
                client = client.as_str(),
                subject = %subject,
                attempt = %attempt,
                replayed,
                code_id = code_id.as_ref().map(codes::ids::CodeId::as_str),
                denial = reason,
                agent_id = context.agent_id,
                reason = context.reason,
                ticket_ref = context.ticket_ref,
                verification_method = context.verification_method,
                correlation_id = context.correlation_id,
                journey_id = context.journey_id,
            );
        };
        confirmed(say).await.map_err(|error| AuditError(error.to_string()))
    }
}

const fn denial(action: Action) -> Option<DenialReason> {
    match action {
        Action::Denied(reason) => Some(reason),
        Action::Issued
        | Action::LockOverridden
        | Action::Revoked
        | Action::Accepted
        | Action::Burned
        | Action::Locked
        | Action::LockoutCleared
        | Action::Unresolved => None,
    }
}

/// What an action is counted under.
fn labels(action: Action) -> Vec<(&'static str, &'static str)> {
    let mut labels = vec![("postern.action", action.as_str())];
    labels.extend(denial(action).map(|reason| ("postern.denial", reason.as_str())));
    labels
}

/// Counts what another trail records.
pub struct CountedAudit {
    inner: Arc<dyn Audit>,
    events: Counter,
}

impl CountedAudit {
    /// Counts what `inner` records.
    pub fn new(inner: Arc<dyn Audit>) -> Self {
        let events = Counter::new("postern.audit.events", "What happened to codes and lockouts.");
        Action::all().for_each(|action| events.begin(&labels(action)));
        Self { inner, events }
    }
}

#[async_trait]
impl Audit for CountedAudit {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        let Event { action, replayed, .. } = event;
        self.inner.record(event).await?;
        let labels = labels(action);
        // What a retry sees again has been counted.
        if replayed {
            note("postern.replayed", "true");
        } else {
            self.events.count(&labels);
        }
        // One attempt can do several things: a wrong guess, a burned code, a locked user.
        match action {
            Action::Burned => note("postern.burned", "true"),
            Action::Locked => note("postern.locked", "true"),
            Action::LockOverridden => note("postern.lock_overridden", "true"),
            Action::Issued
            | Action::Revoked
            | Action::Accepted
            | Action::Denied(_)
            | Action::LockoutCleared
            | Action::Unresolved => {
                for (key, value) in labels {
                    note(key, value);
                }
            }
        }
        Ok(())
    }
}
