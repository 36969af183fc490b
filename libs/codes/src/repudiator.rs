//! The use case of the user who did not ask for a code: end the code and what was minted for it, and
//! block the user until an agent has looked at it.

use clock::Timestamp;

use crate::audit::{Action, Context};
use crate::directory::Directory;
use crate::ids::CodeId;
use crate::operations::{Caller, Entry, OperationError, Operations};
use crate::record::{Repudiate, Repudiated};
use crate::user::Identifier;

/// Repudiates codes, and lifts the blocks that this sets.
#[derive(Clone)]
pub struct Repudiator {
    operations: Operations,
}

impl Repudiator {
    /// A repudiator that works with these ports.
    pub const fn new(operations: Operations) -> Self {
        Self { operations }
    }

    /// Ends a code of the caller's application and its grant, and blocks the user, which also ends the
    /// user's active code. `None` if the code is not the application's.
    ///
    /// # Errors
    /// The store or the audit trail fails. A retry has the same effect.
    pub async fn repudiate(
        &self,
        caller: &Caller,
        code_id: &CodeId,
        told_of: Timestamp,
        context: &Context,
    ) -> Result<Option<Repudiated>, OperationError> {
        let Operations { peppers, store, grants, .. } = &self.operations;
        if !peppers.owns(&caller.application, code_id) {
            return Ok(None);
        }
        let subject = code_id.subject();
        let attempt = self.operations.random_attempt();
        let entry = Entry::new(caller, subject, attempt, context);
        let entry = Entry { code_id: Some(code_id), ..entry };
        let command = Repudiate { code_id: code_id.clone(), told_of };
        let repudiated = store.repudiate(subject, self.operations.now(), command).await;
        let repudiated = self.operations.resolve(entry, repudiated).await?;
        self.operations.resolve(entry, grants.revoke(&code_id.grant()).await).await?;
        let entry = Entry { replayed: repudiated.replayed, ..entry };
        self.operations.record(entry, [Action::Repudiated]).await?;
        if let Some(code_id) = &repudiated.also_ended {
            let entry = Entry { code_id: Some(code_id), ..entry };
            self.operations.record(entry, [Action::Revoked]).await?;
        }
        Ok(Some(repudiated))
    }

    /// Lifts the block of a user. Returns whether there was one; `None` if the directory does not know
    /// the user.
    ///
    /// # Errors
    /// The store, the directory or the audit trail fails.
    pub async fn lift(
        &self,
        caller: &Caller,
        directory: &dyn Directory,
        user: &Identifier,
        context: &Context,
    ) -> Result<Option<bool>, OperationError> {
        let found = self.operations.find(directory, &caller.application, user).await?;
        let Some((_, subject)) = found else { return Ok(None) };
        let attempt = self.operations.random_attempt();
        let entry = Entry::new(caller, subject, attempt, context);
        let now = self.operations.now();
        let lifted = self.operations.store.lift_repudiation(subject, now).await;
        let is_lifted = self.operations.resolve(entry, lifted).await?;
        let action = is_lifted.then_some(Action::RepudiationLifted);
        self.operations.record(entry, action).await?;
        Ok(Some(is_lifted))
    }
}
