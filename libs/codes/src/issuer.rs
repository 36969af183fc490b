//! The use cases of the help desk: issue a code, revoke it, describe it.

mod messages;
mod plan;

use std::net::IpAddr;

use crate::audit::Action;
use crate::claims::Claim;
use crate::directory::Directory;
use crate::operations::{Caller, Entry, OperationError, Operations, said};
use crate::policy::Policy;
use crate::record::{CodeDescription, Revoke, RevokeOutcome};
use crate::user::Identifier;

pub use self::plan::{Plan, Planned};
pub use messages::{Issuance, IssueRequest, IssuedCode, Revocation, RevokeRequest, RevokeTarget};

/// Issues, revokes and describes codes.
#[derive(Clone)]
pub struct Issuer {
    operations: Operations,
}

impl Issuer {
    /// An issuer that uses these ports.
    pub const fn new(operations: Operations) -> Self {
        Self { operations }
    }

    /// How the audit trail names an address.
    pub fn source(&self, address: IpAddr) -> String {
        self.operations.peppers.source(address, self.operations.addresses)
    }

    /// Issues a code, which supersedes the user's earlier one.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed. After [`OperationError::Audit`] the code
    /// exists, but nobody has seen it: a retry under the same key gets its outcome.
    pub async fn issue(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        request: &IssueRequest,
    ) -> Result<Issuance, OperationError> {
        match self.plan(caller, policy, directory, request).await? {
            Planned::Ready(plan) => self.carry_out(caller, request, *plan).await,
            Planned::Refused(issuance) => Ok(issuance),
        }
    }

    /// Revokes a live code, or the grant of a redeemed one.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed.
    pub async fn revoke(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        RevokeRequest { target, context, idempotency_key }: &RevokeRequest,
    ) -> Result<Revocation, OperationError> {
        let (key, limits) = (idempotency_key.as_ref(), policy.into());
        let attempt = |asked: &[&[u8]]| {
            let asked = [asked, &said(context)[..]].concat();
            self.operations.attempt(caller, key, "revoke", &asked)
        };
        let (subject, command) = match target {
            RevokeTarget::Code(id) if self.operations.peppers.owns(&caller.application, id) => {
                let attempt = attempt(&[b"code", id.as_str().as_bytes()]);
                (id.subject(), Revoke { attempt, only: Some(id.clone()), limits })
            }
            RevokeTarget::Code(_) => return Ok(Revocation::NothingLive),
            RevokeTarget::User(user) => {
                match self.operations.find(directory, &caller.application, user).await? {
                    Some((user, subject)) => {
                        let attempt = attempt(&[b"user", user.as_str().as_bytes()]);
                        (subject, Revoke { attempt, only: None, limits })
                    }
                    None => return Ok(Revocation::NothingLive),
                }
            }
        };
        let attempt = command.attempt;
        match self.operations.claim(caller, key, attempt).await? {
            Claim::Held => {}
            Claim::Idle => return Ok(Revocation::NothingLive),
            Claim::Taken => return Ok(Revocation::Conflict),
        }
        let entry = Entry::new(caller, subject, attempt.id, context);
        let outcome = self.operations.store.revoke(subject, self.operations.now(), command).await;
        match self.operations.resolve(entry, outcome).await? {
            RevokeOutcome::Revoked { code_id, replayed } => {
                let entry = Entry { replayed, code_id: Some(&code_id), ..entry };
                self.operations.record(entry, [Action::Revoked]).await?;
                Ok(Revocation::Revoked)
            }
            RevokeOutcome::Redeemed { code_id, replayed } => {
                let entry = Entry { replayed, code_id: Some(&code_id), ..entry };
                let revoked = self.operations.grants.revoke(&code_id.grant()).await;
                self.operations.resolve(entry, revoked).await?;
                self.operations.record(entry, [Action::GrantRevoked]).await?;
                Ok(Revocation::GrantRevoked)
            }
            RevokeOutcome::NothingLive => {
                self.operations.settle_idle(key, attempt).await?;
                Ok(Revocation::NothingLive)
            }
            RevokeOutcome::Conflict => Ok(Revocation::Conflict),
        }
    }

    /// Describes the user's latest code; `None` if there is no code or no such user.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed.
    pub async fn describe(
        &self,
        caller: &Caller,
        directory: &dyn Directory,
        user: &Identifier,
    ) -> Result<Option<CodeDescription>, OperationError> {
        let Some((_, subject)) = self.operations.find(directory, &caller.application, user).await?
        else {
            return Ok(None);
        };
        let code = self.operations.store.describe(subject, self.operations.now()).await?.code;
        let id = code.as_ref().map(|code| &code.id);
        self.operations.record_look(caller, subject, id, Action::CodeDescribed).await?;
        Ok(code)
    }
}
