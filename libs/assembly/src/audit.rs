//! The audit trail: one line an event under the target `audit`, written before the operation is
//! answered. Events are counted as well, and noted in the trace, without who did it and to whom.

use std::sync::Arc;

use async_trait::async_trait;
use codes::audit::{Action, Addresses, Audit, AuditError, Event, IssueRefusal};
use codes::record::DenialReason;
use settings::Mistakes;
use telemetry::{AUDIT, Counter, confirmed, note};

/// How the trail names addresses.
#[derive(Clone, Debug, clap::Args)]
pub struct AddressArgs {
    /// How audit events name the address of an attempt: by a keyed `hash`, or `plain`
    #[arg(
        long,
        env = "POSTERN_AUDIT_ADDRESSES",
        value_name = "hash|plain",
        default_value = "hash"
    )]
    audit_addresses: String,
}

impl AddressArgs {
    /// Checks the setting.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Addresses> {
        let addresses = match self.audit_addresses.as_str() {
            "hash" => Ok(Addresses::Keyed),
            "plain" => Ok(Addresses::Plain),
            _ => Err("must be hash or plain"),
        };
        mistakes.check("--audit-addresses (POSTERN_AUDIT_ADDRESSES)", addresses)
    }
}

/// Writes the trail to the destination of the settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogAudit;

#[async_trait]
impl Audit for LogAudit {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        let Event { at, action, application, client, subject, attempt, replayed, .. } = event;
        let Event { code_id, source, context, provider, .. } = event;
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
                denial = denial(action).map(DenialReason::as_str),
                refusal = refusal(action).map(IssueRefusal::as_str),
                source,
                agent_id = context.agent_id,
                agent_provider = provider.as_ref().map(codes::ids::ProviderId::as_str),
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
        | Action::IssueRefused(_)
        | Action::Revoked
        | Action::GrantRevoked
        | Action::Repudiated
        | Action::RepudiationLifted
        | Action::CodeDescribed
        | Action::LockoutDescribed
        | Action::Accepted
        | Action::Burned
        | Action::Locked
        | Action::LockoutCleared
        | Action::Paired
        | Action::PairingWithdrawn
        | Action::PairingDescribed
        | Action::Unresolved => None,
    }
}

const fn refusal(action: Action) -> Option<IssueRefusal> {
    match action {
        Action::IssueRefused(refusal) => Some(refusal),
        Action::Issued
        | Action::LockOverridden
        | Action::Revoked
        | Action::GrantRevoked
        | Action::Repudiated
        | Action::RepudiationLifted
        | Action::CodeDescribed
        | Action::LockoutDescribed
        | Action::Accepted
        | Action::Denied(_)
        | Action::Burned
        | Action::Locked
        | Action::LockoutCleared
        | Action::Paired
        | Action::PairingWithdrawn
        | Action::PairingDescribed
        | Action::Unresolved => None,
    }
}

/// The label of an action's counter.
fn labels(action: Action) -> Vec<(&'static str, &'static str)> {
    let mut labels = vec![("postern.action", action.as_str())];
    labels.extend(denial(action).map(|reason| ("postern.denial", reason.as_str())));
    labels.extend(refusal(action).map(|refusal| ("postern.refusal", refusal.as_str())));
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
            | Action::IssueRefused(_)
            | Action::Revoked
            | Action::GrantRevoked
            | Action::Repudiated
            | Action::RepudiationLifted
            | Action::CodeDescribed
            | Action::LockoutDescribed
            | Action::Accepted
            | Action::Denied(_)
            | Action::LockoutCleared
            | Action::Paired
            | Action::PairingWithdrawn
            | Action::PairingDescribed
            | Action::Unresolved => {
                for (key, value) in labels {
                    note(key, value);
                }
            }
        }
        Ok(())
    }
}
