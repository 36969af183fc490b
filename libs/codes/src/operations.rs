//! What all use cases share: the ports, the peppers, and the resolution of identifiers to records.

use std::sync::Arc;

use clock::{Clock, Timestamp};
use futures_util::future::try_join_all;

use crate::audit::{Action, Addresses, Audit, AuditError, Context, Event};
use crate::claims::{Claim, ClaimStore};
use crate::digest::{AttemptId, Subject};
use crate::directory::{Directory, DirectoryError};
use crate::grants::GrantStore;
use crate::ids::{Agent, ApplicationId, ClientId, CodeId, IdempotencyKey};
use crate::peppers::Peppers;
use crate::randomness::{self, Randomness};
use crate::record::Attempt;
use crate::store::{CodeStore, StoreError};
use crate::user::{Identifier, UserId};

/// A fault: the outcome is unknown, and the caller gets none.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The audit trail failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Who calls, on behalf of which application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The application: its users and its policy apply.
    pub application: ApplicationId,
    /// The client that holds the token.
    pub client: ClientId,
    /// The agent for whom the client calls, if an identity provider has authenticated them.
    pub agent: Option<Agent>,
    /// Whether the client is a service of this installation: its idempotency keys are unique by
    /// construction.
    pub is_service: bool,
}

/// The ports and keys of [`Issuer`](crate::issuer::Issuer), [`Verifier`](crate::verifier::Verifier)
/// and [`Pairer`](crate::pairer::Pairer).
#[derive(Clone)]
pub struct Operations {
    /// Stores records.
    pub store: Arc<dyn CodeStore>,
    /// Stores the claims of idempotency keys.
    pub claims: Arc<dyn ClaimStore>,
    /// Stores revoked grants.
    pub grants: Arc<dyn GrantStore>,
    /// Writes audit events.
    pub audit: Arc<dyn Audit>,
    /// How events name addresses.
    pub addresses: Addresses,
    /// The keys of all digests.
    pub peppers: Arc<Peppers>,
    /// The service's clock.
    pub clock: Arc<dyn Clock>,
    /// The source of codes.
    pub randomness: Randomness,
}

impl Operations {
    /// Resolves an identifier to its user and the user's record.
    pub(crate) async fn find(
        &self,
        directory: &dyn Directory,
        application: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<(UserId, Subject)>, OperationError> {
        let user = directory.resolve(application, identifier).await?;
        Ok(user.map(|user| {
            let subject = self.peppers.subject(application, &user);
            (user, subject)
        }))
    }

    /// Like `find`, but returns a made-up user for an unknown one, whose record is always empty: so
    /// an operation takes as long for unknown users.
    pub(crate) async fn find_or_pretend(
        &self,
        directory: &dyn Directory,
        caller: &Caller,
        identifier: &Identifier,
    ) -> Result<(UserId, Subject), OperationError> {
        let found = self.find(directory, &caller.application, identifier).await?;
        Ok(found.unwrap_or_else(|| {
            let user = UserId::from_identifier(identifier);
            let parts = [caller.application.as_str().as_bytes(), user.as_str().as_bytes()];
            let pretended = self.peppers.fingerprint("nobody", &parts);
            (user, Subject::from_bytes(*pretended.as_bytes()))
        }))
    }

    /// Names an operation: by the caller's key, or by a random name.
    pub(crate) fn attempt(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        operation: &str,
        request: &[&[u8]],
    ) -> Attempt {
        let id = match key {
            Some(key) => self.peppers.attempt(&caller.application, &caller.client, key),
            None => self.random_attempt(),
        };
        // Two providers may use one ID for two agents.
        let provider = caller.agent.as_ref().map(|agent| agent.provider.as_str().as_bytes());
        let request = [request, provider.as_slice()].concat();
        let fingerprint = self.peppers.fingerprint(operation, &request);
        Attempt { id, fingerprint }
    }

    /// A name for an operation that its caller does not name.
    pub(crate) fn random_attempt(&self) -> AttemptId {
        AttemptId::from_bytes(randomness::bytes(&self.randomness))
    }

    /// Claims the caller's key for this attempt, if there is a key and it may belong to another
    /// request.
    pub(crate) async fn claim(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        attempt: Attempt,
    ) -> Result<Claim, OperationError> {
        if key.is_none() || caller.is_service {
            return Ok(Claim::Held);
        }
        Ok(self.claims.claim(attempt).await?)
    }

    /// Notes with the caller's key that its request found nothing to do.
    pub(crate) async fn settle_idle(
        &self,
        key: Option<&IdempotencyKey>,
        attempt: Attempt,
    ) -> Result<(), OperationError> {
        match key {
            Some(_) => Ok(self.claims.settle_idle(attempt).await?),
            None => Ok(()),
        }
    }

    /// Writes that a record was described.
    pub(crate) async fn record_look(
        &self,
        caller: &Caller,
        subject: Subject,
        code_id: Option<&CodeId>,
        action: Action,
    ) -> Result<(), OperationError> {
        let attempt = self.random_attempt();
        let agent_id = caller.agent.as_ref().map(|agent| agent.id.to_string());
        let context = Context { agent_id, ..Context::default() };
        let entry = Entry { code_id, ..Entry::new(caller, subject, attempt, &context) };
        self.record(entry, [action]).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes the actions of an attempt, each as an event. All writes start before the first is
    /// awaited, so an attempt with three events takes no longer than one with one.
    pub(crate) async fn record(
        &self,
        entry: Entry<'_>,
        actions: impl IntoIterator<Item = Action, IntoIter: Send> + Send,
    ) -> Result<(), OperationError> {
        let events = actions.into_iter().map(|action| {
            let event = Event {
                at: self.now(),
                action,
                application: entry.caller.application.clone(),
                client: entry.caller.client.clone(),
                provider: entry.caller.agent.as_ref().map(|agent| agent.provider.clone()),
                subject: entry.subject,
                attempt: entry.attempt,
                replayed: entry.replayed,
                code_id: entry.code_id.cloned(),
                source: entry.context.source.map(|it| self.peppers.source(it, self.addresses)),
                context: entry.context.clone(),
            };
            self.audit.record(event)
        });
        try_join_all(events).await?;
        Ok(())
    }

    /// Returns the store's answer. If there is none, writes that the outcome is unknown.
    pub(crate) async fn resolve<T>(
        &self,
        entry: Entry<'_>,
        answer: Result<T, StoreError>,
    ) -> Result<T, OperationError> {
        match answer {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                self.record(entry, [Action::Unresolved]).await?;
                Err(error.into())
            }
        }
    }
}

/// What the caller says about an operation, as parts of the request's fingerprint. The address is
/// not a part: it may change between a call and its retry.
pub(crate) fn said(context: &Context) -> [&[u8]; 6] {
    let Context { agent_id, reason, ticket_ref, verification_method, .. } = context;
    let Context { correlation_id, journey_id, source: _, .. } = context;
    [agent_id, reason, ticket_ref, verification_method, correlation_id, journey_id]
        .map(|text| text.as_deref().unwrap_or_default().as_bytes())
}

/// What all events of one attempt share.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) subject: Subject,
    pub(crate) attempt: AttemptId,
    pub(crate) replayed: bool,
    pub(crate) code_id: Option<&'a CodeId>,
    pub(crate) context: &'a Context,
}

impl<'a> Entry<'a> {
    pub(crate) const fn new(
        caller: &'a Caller,
        subject: Subject,
        attempt: AttemptId,
        context: &'a Context,
    ) -> Self {
        Self { caller, subject, attempt, replayed: false, code_id: None, context }
    }
}

#[cfg(test)]
mod tests;
