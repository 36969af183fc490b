//! What the use cases share: the ports, the peppers, and the way from an identifier to a record.

use std::sync::Arc;

use clock::{Clock, Timestamp};

use crate::audit::{Action, Audit, AuditError, Context, Event};
use crate::digest::{AttemptId, Subject};
use crate::directory::{Directory, DirectoryError};
use crate::ids::{ApplicationId, ClientId, CodeId, IdempotencyKey};
use crate::peppers::Peppers;
use crate::randomness::{self, Randomness};
use crate::record::Attempt;
use crate::store::{CodeStore, StoreError};
use crate::user::{Identifier, UserId};

/// A fault: no outcome is known, and none is told.
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
    /// The application, whose users and policy are meant.
    pub application: ApplicationId,
    /// The client that holds the token.
    pub client: ClientId,
}

/// The ports and keys that [`Issuer`](crate::issuer::Issuer) and
/// [`Verifier`](crate::verifier::Verifier) work with.
#[derive(Clone)]
pub struct Desk {
    /// Where records are kept.
    pub store: Arc<dyn CodeStore>,
    /// Where events are written.
    pub audit: Arc<dyn Audit>,
    /// The keys of all digests.
    pub peppers: Arc<Peppers>,
    /// The service's clock.
    pub clock: Arc<dyn Clock>,
    /// Where codes come from.
    pub randomness: Randomness,
}

impl Desk {
    /// The user whom an identifier leads to, and the user's record.
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

    /// The name of an operation: the caller's key, or one that no other call will have.
    pub(crate) fn attempt(
        &self,
        caller: &Caller,
        key: Option<&IdempotencyKey>,
        operation: &str,
        request: &[&[u8]],
    ) -> Attempt {
        let id = match key {
            Some(key) => self.peppers.attempt(&caller.application, &caller.client, key),
            None => AttemptId::from_bytes(randomness::bytes(&self.randomness)),
        };
        Attempt { id, fingerprint: self.peppers.fingerprint(operation, request) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn record(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
        code_id: Option<&CodeId>,
        context: &Context,
    ) -> Result<(), OperationError> {
        let event = Event {
            at: self.now(),
            action,
            application: caller.application.clone(),
            client: caller.client.clone(),
            subject,
            code_id: code_id.cloned(),
            context: context.clone(),
        };
        Ok(self.audit.record(event).await?)
    }
}
