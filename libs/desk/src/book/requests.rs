//! Requests for approval: who may decide on one, and which one issue collects it.

use clock::Timestamp;
use codes::digest::{AttemptId, Fingerprint};
use codes::ids::Agent;

use super::Book;
use crate::decide::{Facts, bar};
use crate::messages::{Decision, Pending};
use crate::names::RequestId;
use crate::rule::{Cause, Rule};
use crate::store::{
    Admission, Admit, Decide, DecideOutcome, MAX_REQUESTS, MAX_REQUESTS_OF_AGENT, PAIR_MEMORY,
    Request,
};

/// A request as the book keeps it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Of everything that an approval binds.
    fingerprint: Fingerprint,
    requester: Option<Agent>,
    cause: Cause,
    expires_at: Timestamp,
    body: Vec<u8>,
    decided: Option<(Agent, Decision)>,
    collected: Option<Collected>,
}

/// The issue that collected an approval.
#[derive(Clone, Copy, Debug)]
struct Collected {
    by: AttemptId,
    was_issued: bool,
}

impl Kept {
    pub(super) const fn new(
        fingerprint: Fingerprint,
        requester: Option<Agent>,
        cause: Cause,
        expires_at: Timestamp,
        body: Vec<u8>,
    ) -> Self {
        Self { fingerprint, requester, cause, expires_at, body, decided: None, collected: None }
    }

    fn is_waiting(&self, now: Timestamp) -> bool {
        self.decided.is_none() && now < self.expires_at
    }

    fn view(&self, id: RequestId) -> Request {
        let Self { cause, expires_at, body, .. } = self;
        Request { id, cause: *cause, expires_at: *expires_at, body: body.clone() }
    }
}

impl Book {
    /// The requests that wait for a decision, the first to expire first.
    pub fn requests(&self, now: Timestamp) -> Vec<Request> {
        let waiting = self.requests.iter(now).filter(|(_, kept, _)| kept.is_waiting(now));
        let mut waiting: Vec<_> = waiting.map(|(id, kept, _)| kept.view(*id)).collect();
        waiting.sort_by_key(|request| (request.expires_at, request.id));
        waiting
    }

    /// How many requests wait for a decision.
    pub fn waiting(&self, now: Timestamp) -> usize {
        self.requests.iter(now).filter(|(_, kept, _)| kept.is_waiting(now)).count()
    }

    /// One request in any state.
    pub fn request(&self, id: RequestId, now: Timestamp) -> Option<Request> {
        self.requests.get(&id, now).map(|(kept, _)| kept.view(id))
    }

    /// Approves or denies a request.
    pub fn decide(&mut self, command: Decide, now: Timestamp) -> DecideOutcome {
        let Decide { id, approver, requester, decision } = command;
        let Some(kept) = self.requests.get_mut(&id, now) else { return DecideOutcome::NotFound };
        if kept.requester.as_ref().is_none_or(|requester| *requester == approver) {
            return DecideOutcome::OwnRequest;
        }
        match &kept.decided {
            Some(decided) if *decided != (approver.clone(), decision) => {
                return DecideOutcome::AlreadyDecided;
            }
            Some(_) => {}
            None if now >= kept.expires_at => return DecideOutcome::Expired,
            None => kept.decided = Some((approver.clone(), decision)),
        }
        let is_mutual = self.approvals.get(&(requester.clone(), approver.clone()), now).is_some();
        if decision == Decision::Approve {
            self.approvals.put((approver, requester), (), now + PAIR_MEMORY, now);
        }
        DecideOutcome::Done { is_mutual }
    }

    /// Gives an approval to the first issue that collects it.
    pub(super) fn collect(
        &mut self,
        id: RequestId,
        command: &Admit,
        facts: &Facts,
        now: Timestamp,
    ) -> Admission {
        let attempt = command.attempt;
        let Some(kept) = self.requests.get_mut(&id, now) else {
            return Admission::Refused(Rule::ApprovalNotFound);
        };
        if kept.fingerprint != attempt.fingerprint {
            return Admission::Refused(Rule::ApprovalChanged);
        }
        match (kept.collected, &kept.decided) {
            (Some(Collected { by, .. }), _) if by != attempt.id => {
                return Admission::Refused(Rule::ApprovalUsed);
            }
            (_, Some((_, Decision::Deny))) => return Admission::Refused(Rule::ApprovalDenied),
            // A code that was issued in time can be replaced for as long as its record knows the key.
            (Some(Collected { was_issued: true, .. }), _) => {}
            (_, _) if now >= kept.expires_at => {
                return Admission::Refused(Rule::ApprovalExpired);
            }
            (_, None) => {
                let Kept { cause, expires_at, .. } = *kept;
                return Admission::Pending(Pending { request_id: id, expires_at, cause });
            }
            (_, Some((_, Decision::Approve))) => {}
        }
        if let Some(rule) = bar(&command.case, facts) {
            return Admission::Refused(rule);
        }
        let collected =
            kept.collected.get_or_insert(Collected { by: attempt.id, was_issued: false });
        Admission::Admitted { was_issued: collected.was_issued }
    }

    /// When the first request ends, if as many wait as may, of this agent or in all.
    pub(super) fn first_of_too_many(
        &self,
        requester: Option<&Agent>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let waiting = self.requests.iter(now).filter(|(_, kept, _)| kept.is_waiting(now));
        let waiting: Vec<_> = waiting.map(|(_, kept, _)| kept).collect();
        let own = waiting.iter().copied().filter(|kept| kept.requester.as_ref() == requester);
        let own: Vec<_> = own.collect();
        let first = |of: &[&Kept]| of.iter().map(|kept| kept.expires_at).min();
        if own.len() >= MAX_REQUESTS_OF_AGENT {
            return first(&own);
        }
        if waiting.len() >= MAX_REQUESTS { first(&waiting) } else { None }
    }

    /// Notes that the code of a collected approval is about to be returned.
    pub(super) fn settle_collected(&mut self, id: RequestId, by: AttemptId, now: Timestamp) {
        let kept = self.requests.get_mut(&id, now);
        let collected = kept.and_then(|kept| kept.collected.as_mut());
        if let Some(collected) = collected.filter(|collected| collected.by == by) {
            collected.was_issued = true;
        }
    }
}
