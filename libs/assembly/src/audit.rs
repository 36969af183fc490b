//! The audit trail in the log: one line an event under the target `audit`, which no filter of the
//! log turns off.

use async_trait::async_trait;
use codes::audit::{Action, Audit, AuditError, Event};

/// Writes the trail to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogAudit;

#[async_trait]
impl Audit for LogAudit {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        let Event { at, action, application, client, subject, attempt, replayed, code_id, context } =
            event;
        let reason = match action {
            Action::Denied(reason) => Some(reason.as_str()),
            Action::Issued
            | Action::LockOverridden
            | Action::Revoked
            | Action::Accepted
            | Action::Burned
            | Action::Locked
            | Action::LockoutCleared
            | Action::Unresolved => None,
        };
        tracing::info!(
            target: "audit",
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
        Ok(())
    }
}
