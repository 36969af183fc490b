//! The use case: issue a code where an application has a desk policy.
//!
//! ```text
//!   plan, check (codes::issuer)      admit (DeskStore)                 issue       settle
//!   shape, user, pairing, lock, ---> brake, retry, fields, ticket, --> a code ---> no other code
//!   quota: nothing is written        limits, approval: counted                     for this key
//! ```
//!
//! A lost reply costs nothing twice: a retry under the same idempotency key sees the same admission. Once
//! a code was returned for an admission, a retry can only replace that code.
//!
//! # The trail
//! [`Issuer`] writes what happened to codes. The decisions of the policy are returned with a
//! [`Trace`], and the caller writes them before it answers.

use std::sync::Arc;
use std::time::Duration;

use clock::Timestamp;
use codes::audit::Context;
use codes::digest::Fingerprint;
use codes::directory::Directory;
use codes::issuer::{Issuance, Issuer, Plan, Planned};
use codes::operations::{Caller, OperationError, Operations};
use codes::policy::Policy;
use codes::randomness;
use codes::record::Attempt;

use crate::body::Body;
use crate::decide::{Case, decide};
use crate::messages::{DeskIssuance, Explained, Explanation, Trace};
use crate::names::{RequestId, Tier};
use crate::policy::DeskPolicy;
use crate::request::Ask;
use crate::store::{About, Admission, Admit, Approval, DeskStore};
use crate::ticket::TicketRule;
use crate::tiers::Tiers;

/// Issues codes under a desk policy.
#[derive(Clone)]
pub struct Desk {
    pub(crate) issuer: Issuer,
    pub(crate) operations: Operations,
    pub(crate) store: Arc<dyn DeskStore>,
}

/// What an application brings to its desk.
#[derive(Clone, Copy)]
pub struct House<'a> {
    /// Its policy of codes.
    pub codes: &'a Policy,
    /// Its desk policy.
    pub desk: &'a DeskPolicy,
    /// Its users.
    pub directory: &'a dyn Directory,
    /// Their tiers.
    pub tiers: &'a dyn Tiers,
}

impl Desk {
    /// A desk that works with these ports.
    pub fn new(operations: Operations, store: Arc<dyn DeskStore>) -> Self {
        Self { issuer: Issuer::new(operations.clone()), operations, store }
    }

    /// Issues a code if the policy admits it.
    ///
    /// # Errors
    /// The directory, a store or the audit trail failed. The issue may have been admitted, and the code
    /// may exist: a retry under the same key continues.
    pub async fn issue(
        &self,
        caller: &Caller,
        house: House<'_>,
        ask: &Ask,
    ) -> Result<DeskIssuance, OperationError> {
        if house.desk.is_verified() && caller.agent.is_none() {
            return Ok(DeskIssuance::AgentRequired);
        }
        let planned = self.issuer.plan(caller, house.codes, house.directory, &ask.issue).await?;
        let plan = match planned {
            Planned::Ready(plan) => self.in_its_journey(caller, ask, *plan).await?,
            Planned::Refused(issuance) => return Ok(DeskIssuance::Decided(issuance)),
        };
        let plan = match self.issuer.check(caller, &ask.issue, plan).await? {
            Planned::Ready(plan) => *plan,
            Planned::Refused(issuance) => return Ok(DeskIssuance::Decided(issuance)),
        };
        let tier = house.tiers.tier_of(&caller.application, plan.user()).await?;
        let command = self.admission(caller, house.desk, ask, &plan, tier.as_ref());
        let trace = Trace { subject: plan.subject(), attempt: plan.attempt() };
        let attempt = command.attempt;
        let admitted = self.store.admit(&caller.application, self.now(), command).await?;
        let was_issued = match admitted {
            Admission::Admitted { was_issued } => was_issued,
            Admission::Pending(pending) => return Ok(DeskIssuance::Pending(trace, pending)),
            Admission::Refused(rule) => return Ok(DeskIssuance::Refused(trace, rule)),
            Admission::Froze => return Ok(DeskIssuance::Froze(trace)),
            Admission::Conflict => return Ok(DeskIssuance::Decided(Issuance::Conflict)),
        };
        let plan = if was_issued { plan.reissue_only() } else { plan };
        let issuance = self.issuer.carry_out(caller, &ask.issue, plan).await?;
        // Without a key no retry can come back to the admission.
        let is_named = ask.issue.idempotency_key.is_some();
        if is_named && !was_issued && matches!(issuance, Issuance::Issued(_)) {
            let collects = ask.request_id;
            self.store.settle(&caller.application, self.now(), attempt, collects).await?;
        }
        Ok(DeskIssuance::Decided(issuance))
    }

    /// Tells what an issue would require, or why it would be refused. Nothing is written.
    ///
    /// # Errors
    /// The directory or the store failed.
    pub async fn explain(
        &self,
        caller: &Caller,
        house: House<'_>,
        ask: &Ask,
    ) -> Result<Explained, OperationError> {
        let planned = self.issuer.plan(caller, house.codes, house.directory, &ask.issue).await?;
        let plan = match planned {
            Planned::Ready(plan) => *plan,
            Planned::Refused(issuance) => return Ok(Explained::Refused(issuance)),
        };
        let tier = house.tiers.tier_of(&caller.application, plan.user()).await?;
        let about = self.about(caller, house.desk, ask, &plan);
        let facts = self.store.facts(&caller.application, self.now(), about).await?;
        let case = Case::new(house.desk, ask, tier.as_ref());
        let complete = Case { fields: None, ..case.clone() };
        Ok(Explained::Policy(Explanation {
            subject: plan.subject(),
            verdict: decide(&case, &facts, false),
            complete: decide(&complete, &facts, false),
            tier,
            facts,
        }))
    }

    /// The plan, for the journey that was found when its approval was asked for: the number may have
    /// expired since.
    async fn in_its_journey(
        &self,
        caller: &Caller,
        ask: &Ask,
        plan: Plan,
    ) -> Result<Plan, OperationError> {
        let Some(id) = ask.request_id else { return Ok(plan) };
        let Caller { application, .. } = caller;
        let request = self.store.request(application, self.now(), id).await?;
        let body =
            request.and_then(|request| Body::open(&self.operations.peppers, application, &request));
        Ok(match body.and_then(|body| body.journey()) {
            Some(journey) => plan.for_journey(journey),
            None => plan,
        })
    }

    pub(crate) fn admission(
        &self,
        caller: &Caller,
        policy: &DeskPolicy,
        ask: &Ask,
        plan: &Plan,
        tier: Option<&Tier>,
    ) -> Admit {
        let approval = match ask.request_id {
            Some(id) => Approval::Collect(id),
            None => self.request(caller, policy, ask, plan, tier),
        };
        Admit {
            attempt: Attempt {
                id: plan.attempt(),
                fingerprint: self.fingerprint(caller, ask, plan, tier),
            },
            about: self.about(caller, policy, ask, plan),
            case: Case::new(policy, ask, tier),
            approval,
        }
    }

    /// The request that is kept if the issue needs approval. A policy without approval needs none.
    fn request(
        &self,
        caller: &Caller,
        policy: &DeskPolicy,
        ask: &Ask,
        plan: &Plan,
        tier: Option<&Tier>,
    ) -> Approval {
        let Operations { peppers, randomness, .. } = &self.operations;
        let id = RequestId::from_bytes(randomness::bytes(randomness));
        let life = policy.settings().approval.as_ref().map(|approval| approval.expires);
        let body = life.zip(caller.agent.as_ref()).zip(tier).map(|((_, agent), tier)| {
            let body = Body::new(ask, &caller.client, agent, tier, plan.journey());
            body.seal(peppers, &caller.application, id)
        });
        Approval::Ask { id, life: life.unwrap_or(Duration::ZERO), body: body.unwrap_or_default() }
    }

    fn about(&self, caller: &Caller, policy: &DeskPolicy, ask: &Ask, plan: &Plan) -> About {
        let is_once = policy.settings().ticket.as_ref().is_some_and(TicketRule::once);
        let ticket = ask.issue.context.ticket_ref.as_ref().filter(|_| is_once);
        About {
            subject: plan.subject(),
            agent: caller.agent.clone(),
            group: ask.standing.group.clone(),
            ticket: ticket.map(|ticket| {
                let parts = [caller.application.as_str(), ticket].map(str::as_bytes);
                self.operations.peppers.fingerprint("desk ticket", &parts)
            }),
        }
    }

    /// Of everything that an admission and an approval bind.
    fn fingerprint(
        &self,
        caller: &Caller,
        ask: &Ask,
        plan: &Plan,
        tier: Option<&Tier>,
    ) -> Fingerprint {
        let Context { agent_id, reason, ticket_ref, verification_method, .. } = &ask.issue.context;
        let said = [agent_id, reason, ticket_ref, verification_method]
            .map(|text| text.as_deref().unwrap_or_default());
        let agent = caller.agent.as_ref();
        let texts = [
            caller.client.as_str(),
            agent.map_or("", |agent| agent.provider.as_str()),
            agent.map_or("", |agent| agent.id.as_str()),
            plan.user().as_str(),
            tier.map_or("", Tier::as_str),
            ask.issue.pairing.as_ref().map_or("", |number| number.expose()),
        ];
        let life = ask.issue.expires_in.map_or(0, |life| life.as_millis()).to_be_bytes();
        let flags = [u8::from(ask.issue.override_lockout), u8::from(ask.pairing_confirmed)];
        let texts = texts.into_iter().chain(said).map(str::as_bytes);
        let parts: Vec<&[u8]> = texts.chain([&life[..], &flags[..]]).collect();
        self.operations.peppers.fingerprint("desk issue", &parts)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.operations.clock.now()
    }
}
