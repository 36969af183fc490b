//! The use cases around redemption: verify a code, describe a lockout, clear it.

use clock::Timestamp;

use crate::audit::{Action, Context};
use crate::claims::Claim;
use crate::directory::Directory;
use crate::guess::Guess;
use crate::ids::{CodeId, GrantId, IdempotencyKey};
use crate::operations::{Caller, Entry, OperationError, Operations, said};
use crate::pairing::Binding;
use crate::policy::Policy;
use crate::record::{
    Clear, ClearOutcome, Cleared, Denial, DenialReason, Lockout, Verify, VerifyOutcome,
};
use crate::user::{Identifier, UserId};

/// An attempt to redeem a code.
#[derive(Clone, Debug)]
pub struct VerifyRequest {
    /// The user that the caller names.
    pub user: Identifier,
    /// The code as it was typed.
    pub code: Guess,
    /// The binding of the journey that the guess comes from, if that journey has paired.
    pub binding: Option<Binding>,
    /// What the caller says about the attempt, for the audit trail.
    pub context: Context,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The code was right and is now consumed.
    Accepted {
        /// The grant of the code.
        grant_id: GrantId,
        /// The code.
        code_id: CodeId,
        /// The user of the code.
        user_id: UserId,
        /// When the code was accepted; for a retry, when the first call was accepted.
        at: Timestamp,
    },
    /// The attempt was refused.
    Denied(Denial),
    /// The idempotency key belongs to another request; nothing was compared.
    Conflict,
}

/// A user's failures and locks, which are separate for unpaired and paired codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockouts {
    /// Those of unpaired codes.
    pub unpaired: Lockout,
    /// Those of paired codes.
    pub paired: Lockout,
}

/// A request to clear a lockout.
#[derive(Clone, Debug)]
pub struct ClearRequest {
    /// The user.
    pub user: Identifier,
    /// What the caller says about the request, for the audit trail.
    pub context: Context,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The outcome of a request to clear a lockout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Failures and locks are cleared; this is what there was.
    Cleared(Cleared),
    /// The idempotency key belongs to another request; nothing was cleared.
    Conflict,
}

/// Verifies codes, describes and clears lockouts.
#[derive(Clone)]
pub struct Verifier {
    operations: Operations,
}

impl Verifier {
    /// A verifier that uses these ports.
    pub const fn new(operations: Operations) -> Self {
        Self { operations }
    }

    /// Verifies a code and, if it is right, consumes it.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed. A retry under the same key gets the
    /// outcome if the store has counted the attempt.
    pub async fn verify(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        request: &VerifyRequest,
    ) -> Result<Verification, OperationError> {
        // An unknown user, a user without a code and a wrong guess take the same path: the same
        // digests here, the same commands in the store. So timing does not tell them apart.
        let (user, subject) =
            self.operations.find_or_pretend(directory, caller, &request.user).await?;
        let asked = [user.as_str().as_bytes(), request.code.expose().as_bytes()];
        // Without a binding, the fingerprint is the one of versions before pairing: retries across
        // an upgrade match.
        let binding = request.binding.as_ref().map(|binding| &binding.as_bytes()[..]);
        let asked = [&asked[..], &said(&request.context), binding.as_slice()].concat();
        let key = request.idempotency_key.as_ref();
        let command = Verify {
            attempt: self.operations.attempt(caller, key, "verify", &asked),
            candidates: self.operations.peppers.candidates(
                &caller.application,
                &user,
                &request.code,
            ),
            binding: request.binding,
            source: self.operations.peppers.origin(&caller.client, request.context.source),
            limits: policy.into(),
        };
        // A verification never settles as idle: a denial without an effect may be tried again.
        if self.operations.claim(caller, key, command.attempt).await? == Claim::Taken {
            return Ok(Verification::Conflict);
        }
        let entry = Entry::new(caller, subject, command.attempt.id, &request.context);
        let outcome = self.operations.store.verify(subject, self.operations.now(), command).await;
        let outcome = self.operations.resolve(entry, outcome).await?;
        self.conclude(entry, user, outcome).await
    }

    /// Describes a user's failures and locks. An unknown user has none.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed.
    pub async fn describe_lockout(
        &self,
        caller: &Caller,
        directory: &dyn Directory,
        user: &Identifier,
    ) -> Result<Lockouts, OperationError> {
        match self.operations.find(directory, &caller.application, user).await? {
            Some((_, subject)) => {
                let described =
                    self.operations.store.describe(subject, self.operations.now()).await?;
                self.operations
                    .record_look(caller, subject, None, Action::LockoutDescribed)
                    .await?;
                Ok(Lockouts { unpaired: described.lockout, paired: described.paired_lockout })
            }
            None => Ok(Lockouts::default()),
        }
    }

    /// Clears a user's failures and locks, including the disabling after too many consecutive
    /// failures.
    ///
    /// # Errors
    /// The directory, the store or the audit trail failed.
    pub async fn clear_lockout(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        ClearRequest { user, context, idempotency_key }: &ClearRequest,
    ) -> Result<Clearance, OperationError> {
        let found = self.operations.find(directory, &caller.application, user).await?;
        let Some((user, subject)) = found else {
            return Ok(Clearance::Cleared(Cleared::default()));
        };
        let asked = [&[user.as_str().as_bytes()], &said(context)[..]].concat();
        let key = idempotency_key.as_ref();
        let attempt = self.operations.attempt(caller, key, "clear", &asked);
        match self.operations.claim(caller, key, attempt).await? {
            Claim::Held => {}
            Claim::Idle => return Ok(Clearance::Cleared(Cleared::default())),
            Claim::Taken => return Ok(Clearance::Conflict),
        }
        let entry = Entry::new(caller, subject, attempt.id, context);
        let command = Clear { attempt, limits: policy.into() };
        let outcome =
            self.operations.store.clear_lockout(subject, self.operations.now(), command).await;
        match self.operations.resolve(entry, outcome).await? {
            ClearOutcome::Cleared { cleared, .. } if cleared == Cleared::default() => {
                self.operations.settle_idle(key, attempt).await?;
                Ok(Clearance::Cleared(cleared))
            }
            ClearOutcome::Cleared { cleared, replayed } => {
                let entry = Entry { replayed, ..entry };
                self.operations.record(entry, [Action::LockoutCleared]).await?;
                Ok(Clearance::Cleared(cleared))
            }
            ClearOutcome::Conflict => Ok(Clearance::Conflict),
        }
    }

    /// Writes the outcome to the audit trail, then returns it.
    async fn conclude(
        &self,
        entry: Entry<'_>,
        user_id: UserId,
        outcome: VerifyOutcome,
    ) -> Result<Verification, OperationError> {
        match outcome {
            VerifyOutcome::Conflict => Ok(Verification::Conflict),
            VerifyOutcome::Accepted { code_id, at, replayed } => {
                let entry = Entry { replayed, code_id: Some(&code_id), ..entry };
                self.operations.record(entry, [Action::Accepted]).await?;
                Ok(Verification::Accepted { grant_id: code_id.grant(), code_id, user_id, at })
            }
            VerifyOutcome::Denied { denial, code_id, replayed } => {
                let entry = Entry { replayed, code_id: code_id.as_ref(), ..entry };
                self.operations.record(entry, consequences(denial.reason)).await?;
                Ok(Verification::Denied(denial))
            }
        }
    }
}

/// The actions of a denial, for the audit trail.
fn consequences(reason: DenialReason) -> Vec<Action> {
    match reason {
        DenialReason::Burned => vec![Action::Denied(reason), Action::Burned, Action::Locked],
        DenialReason::WrongCode
        | DenialReason::Superseded
        | DenialReason::Locked
        | DenialReason::NoCode
        | DenialReason::Expired
        | DenialReason::Fenced
        | DenialReason::Disabled
        | DenialReason::UnknownKey
        | DenialReason::NotPaired
        | DenialReason::SourceExhausted
        | DenialReason::Blocked => vec![Action::Denied(reason)],
    }
}
