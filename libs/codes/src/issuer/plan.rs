//! The steps of an issue: plan it, check that it would succeed, carry it out. A desk decides between
//! the second and the third.

use std::time::Duration;

use clock::Timestamp;
use rand::CryptoRng;

use super::{Issuance, IssueRequest, IssuedCode, Issuer};
use crate::audit::{Action, IssueRefusal};
use crate::claims::Claim;
use crate::code::TempCode;
use crate::digest::{AttemptId, Subject};
use crate::directory::Directory;
use crate::operations::{Caller, Entry, OperationError, Operations, said};
use crate::pairing::{ForJourney, Journey};
use crate::policy::{ExpirationError, Policy};
use crate::randomness;
use crate::record::{Issue, IssueCheck, IssueOutcome, IssuedBy};
use crate::user::UserId;

/// An issue that the policy of codes allows. It has had no effect yet.
pub struct Plan {
    user: UserId,
    subject: Subject,
    code: TempCode,
    command: Issue,
}

/// A plan, or the answer to a request for which there is none.
pub enum Planned {
    /// The issue can be tried.
    Ready(Box<Plan>),
    /// It cannot.
    Refused(Issuance),
}

impl Plan {
    /// Whom the code is for.
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// Where the user's record is.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The name of the operation: the same for a retry under the caller's key.
    pub const fn attempt(&self) -> AttemptId {
        self.command.attempt.id
    }

    /// The journey that the code is for, once a check has found it.
    pub const fn journey(&self) -> Option<Journey> {
        match self.command.pairing {
            Some(ForJourney::Known(journey)) => Some(journey),
            Some(ForJourney::Number(_)) | None => None,
        }
    }

    /// The same plan for a journey that an earlier check found.
    #[must_use]
    pub fn for_journey(mut self, journey: Journey) -> Self {
        self.command.pairing = Some(ForJourney::Known(journey));
        self
    }

    /// The same plan, but it may only replace the code of an earlier call.
    #[must_use]
    pub fn reissue_only(mut self) -> Self {
        self.command.reissue_only = true;
        self
    }
}

impl Issuer {
    /// Plans an issue: nothing is written.
    ///
    /// # Errors
    /// The directory failed.
    pub async fn plan(
        &self,
        caller: &Caller,
        policy: &Policy,
        directory: &dyn Directory,
        request: &IssueRequest,
    ) -> Result<Planned, OperationError> {
        let life = match policy.expiration(request.expires_in) {
            Ok(life) => life,
            Err(outside) => return Ok(Planned::Refused(Issuance::ExpirationRefused(outside))),
        };
        if let Err(refused) = policy.admit_pairing(request.pairing.is_some()) {
            return Ok(Planned::Refused(Issuance::PairingRefused(refused)));
        }
        let found = self.operations.find(directory, &caller.application, &request.user).await?;
        let Some((user, subject)) = found else {
            return Ok(Planned::Refused(Issuance::UnknownUser));
        };
        let code = TempCode::draw(
            policy.shape(),
            &mut *(self.operations.randomness)() as &mut dyn CryptoRng,
        );
        let command = self.command(caller, policy, request, (&user, subject), life, &code);
        Ok(Planned::Ready(Box::new(Plan { user, subject, code, command })))
    }

    /// Checks that a plan would succeed, and finds its journey. Only the trail is written.
    ///
    /// # Errors
    /// The store or the audit trail failed.
    pub async fn check(
        &self,
        caller: &Caller,
        request: &IssueRequest,
        plan: Plan,
    ) -> Result<Planned, OperationError> {
        let now = self.operations.now();
        let store = &self.operations.store;
        let outcome = match store.check_issue(plan.subject, now, plan.command.clone()).await? {
            IssueCheck::Clear(Some(journey)) => {
                return Ok(Planned::Ready(Box::new(plan.for_journey(journey))));
            }
            IssueCheck::Clear(None) => return Ok(Planned::Ready(Box::new(plan))),
            IssueCheck::Refused(outcome) => outcome,
        };
        let entry = Entry::new(caller, plan.subject, plan.attempt(), &request.context);
        Ok(Planned::Refused(self.refuse(entry, outcome, now).await?))
    }

    /// Issues the code of a plan.
    ///
    /// # Errors
    /// As [`Issuer::issue`].
    pub async fn carry_out(
        &self,
        caller: &Caller,
        request: &IssueRequest,
        Plan { subject, code, command, .. }: Plan,
    ) -> Result<Issuance, OperationError> {
        let key = request.idempotency_key.as_ref();
        // An issue never settles as idle: it takes effect, or is refused and may be tried again.
        if self.operations.claim(caller, key, command.attempt).await? == Claim::Taken {
            return Ok(Issuance::Conflict);
        }
        let now = self.operations.now();
        let entry = Entry::new(caller, subject, command.attempt.id, &request.context);
        let outcome = self.operations.store.issue(subject, now, command).await;
        let outcome = self.operations.resolve(entry, outcome).await?;
        let IssueOutcome::Issued {
            code_id,
            expires_at,
            attempts_allowed,
            paired,
            lock_overridden,
            replayed,
        } = outcome
        else {
            return self.refuse(entry, outcome, now).await;
        };
        let entry = Entry { replayed, code_id: Some(&code_id), ..entry };
        let overridden = lock_overridden.then_some(Action::LockOverridden);
        self.operations.record(entry, overridden.into_iter().chain([Action::Issued])).await?;
        Ok(Issuance::Issued(IssuedCode { code, code_id, expires_at, attempts_allowed, paired }))
    }

    /// Writes why nothing was issued, and returns it. A conflict has no event: the first call under its
    /// key has one.
    async fn refuse(
        &self,
        entry: Entry<'_>,
        outcome: IssueOutcome,
        now: Timestamp,
    ) -> Result<Issuance, OperationError> {
        let (refusal, issuance) = match outcome {
            IssueOutcome::PairingNotFound => {
                (IssueRefusal::PairingNotFound, Issuance::PairingNotFound)
            }
            IssueOutcome::OutlivesSession(ends_at) => {
                let (min, max) = (Policy::MIN_EXPIRATION, ends_at.since(now));
                let refused = ExpirationError { min, max };
                (IssueRefusal::OutlivesSession, Issuance::ExpirationRefused(refused))
            }
            IssueOutcome::Locked(until) => (IssueRefusal::Locked, Issuance::Locked(until)),
            IssueOutcome::Blocked(until) => (IssueRefusal::Blocked, Issuance::Blocked(until)),
            IssueOutcome::Disabled => (IssueRefusal::Disabled, Issuance::Disabled),
            IssueOutcome::QuotaExceeded(until) => {
                (IssueRefusal::IssueQuota, Issuance::QuotaExceeded(until.since(now)))
            }
            IssueOutcome::OverrideQuotaExceeded(until) => {
                (IssueRefusal::OverrideQuota, Issuance::OverrideQuotaExceeded(until.since(now)))
            }
            // No refusal: `carry_out` tells what was issued.
            IssueOutcome::Issued { .. } | IssueOutcome::Conflict => return Ok(Issuance::Conflict),
        };
        self.operations.record(entry, [Action::IssueRefused(refusal)]).await?;
        Ok(issuance)
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
            pairing: request.pairing.clone().map(ForJourney::Number),
            reissue_only: false,
            override_lockout: request.override_lockout,
            limits: policy.into(),
        }
    }
}
