//! The use cases of the help desk: issue a code, revoke it, describe it.

mod messages;

use std::net::IpAddr;
use std::time::Duration;

use rand::CryptoRng;

use crate::audit::{Action, IssueRefusal};
use crate::claims::Claim;
use crate::code::TempCode;
use crate::digest::Subject;
use crate::directory::Directory;
use crate::operations::{Caller, Entry, OperationError, Operations, said};
use crate::policy::{ExpirationError, Policy};
use crate::randomness;
use crate::record::{CodeDescription, Issue, IssueOutcome, IssuedBy, Revoke, RevokeOutcome};
use crate::user::{Identifier, UserId};

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
        let life = match policy.expiration(request.expires_in) {
            Ok(life) => life,
            Err(outside) => return Ok(Issuance::ExpirationRefused(outside)),
        };
        if let Err(refused) = policy.admit_pairing(request.pairing.is_some()) {
            return Ok(Issuance::PairingRefused(refused));
        }
        let found = self.operations.find(directory, &caller.application, &request.user).await?;
        let Some((user, subject)) = found else { return Ok(Issuance::UnknownUser) };
        let code = TempCode::draw(
            policy.shape(),
            &mut *(self.operations.randomness)() as &mut dyn CryptoRng,
        );
        let command = self.command(caller, policy, request, (&user, subject), life, &code);
        let key = request.idempotency_key.as_ref();
        // An issue never settles as idle: it takes effect, or is refused and may be tried again.
        if self.operations.claim(caller, key, command.attempt).await? == Claim::Taken {
            return Ok(Issuance::Conflict);
        }
        let now = self.operations.now();
        let entry = Entry::new(caller, subject, command.attempt.id, &request.context);
        let outcome = self.operations.store.issue(subject, now, command).await;
        let outcome = self.operations.resolve(entry, outcome).await?;
        let refused = refusal(&outcome).map(Action::IssueRefused);
        self.operations.record(entry, refused).await?;
        Ok(match outcome {
            IssueOutcome::Issued {
                code_id,
                expires_at,
                attempts_allowed,
                paired,
                lock_overridden,
                replayed,
            } => {
                let entry = Entry { replayed, code_id: Some(&code_id), ..entry };
                let overridden = lock_overridden.then_some(Action::LockOverridden);
                self.operations
                    .record(entry, overridden.into_iter().chain([Action::Issued]))
                    .await?;
                let code = IssuedCode { code, code_id, expires_at, attempts_allowed, paired };
                Issuance::Issued(code)
            }
            IssueOutcome::PairingNotFound => Issuance::PairingNotFound,
            IssueOutcome::OutlivesSession(ends_at) => {
                Issuance::ExpirationRefused(ExpirationError {
                    min: Policy::MIN_EXPIRATION,
                    max: ends_at.since(now),
                })
            }
            IssueOutcome::Locked(until) => Issuance::Locked(until),
            IssueOutcome::Disabled => Issuance::Disabled,
            IssueOutcome::QuotaExceeded(until) => Issuance::QuotaExceeded(until.since(now)),
            IssueOutcome::OverrideQuotaExceeded(until) => {
                Issuance::OverrideQuotaExceeded(until.since(now))
            }
            IssueOutcome::Conflict => Issuance::Conflict,
        })
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

    fn command(
        &self,
        caller: &Caller,
        policy: &Policy,
        request: &IssueRequest,
        (user, subject): (&UserId, Subject),
        life: Duration,
        code: &TempCode,
    ) -> Issue {
        let Operations { peppers, randomness, .. } = &self.operations;
        let life_ms = life.as_millis().to_be_bytes();
        let overriding = [u8::from(request.override_lockout)];
        // Without a number, the fingerprint is the one of versions before pairing: retries across
        // an upgrade match.
        let number = request.pairing.as_ref().map(|number| number.expose().as_bytes());
        let asked = [user.as_str().as_bytes(), &life_ms, &overriding];
        let asked = [&asked[..], &said(&request.context), number.as_slice()].concat();
        let key = request.idempotency_key.as_ref();
        Issue {
            attempt: self.operations.attempt(caller, key, "issue", &asked),
            code_id: peppers.code_id(&caller.application, &subject, randomness::bytes(randomness)),
            digest: peppers.digest(&caller.application, user, &code.to_guess()),
            life,
            issued_by: IssuedBy {
                client: caller.client.clone(),
                agent: request.context.agent_id.clone(),
            },
            pairing: request.pairing.clone(),
            override_lockout: request.override_lockout,
            limits: policy.into(),
        }
    }
}

/// Why nothing was issued, for the trail. A conflict has no event: the first call under its key has
/// one.
const fn refusal(outcome: &IssueOutcome) -> Option<IssueRefusal> {
    match outcome {
        IssueOutcome::PairingNotFound => Some(IssueRefusal::PairingNotFound),
        IssueOutcome::OutlivesSession(_) => Some(IssueRefusal::OutlivesSession),
        IssueOutcome::Locked(_) => Some(IssueRefusal::Locked),
        IssueOutcome::Disabled => Some(IssueRefusal::Disabled),
        IssueOutcome::QuotaExceeded(_) => Some(IssueRefusal::IssueQuota),
        IssueOutcome::OverrideQuotaExceeded(_) => Some(IssueRefusal::OverrideQuota),
        IssueOutcome::Issued { .. } | IssueOutcome::Conflict => None,
    }
}
