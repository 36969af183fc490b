//! Admissions: what is refused, what is counted, and what a retry sees again.

use clock::Timestamp;
use codes::digest::Fingerprint;
use codes::record::Attempt;

use super::Book;
use super::requests::Kept;
use crate::decide::{Facts, Verdict, bar, decide};
use crate::messages::Pending;
use crate::names::RequestId;
use crate::rule::Rule;
use crate::store::{ADMISSION_WINDOW, Admission, Admit, Approval, FREEZE_MEMORY, REQUEST_TRACE};

/// An admission, for retries to see again.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    fingerprint: Fingerprint,
    pending: Option<Pending>,
    was_issued: bool,
}

impl Admitted {
    fn outcome(&self) -> Admission {
        match self.pending {
            Some(pending) => Admission::Pending(pending),
            None => Admission::Admitted { was_issued: self.was_issued },
        }
    }
}

impl Book {
    /// Admits an issue, or refuses it.
    pub fn admit(&mut self, command: Admit, now: Timestamp) -> Admission {
        let facts = self.facts(&command.about, now);
        // Before retries too: a brake stops what was admitted and not issued yet.
        if let Some((scope, until)) = facts.brake {
            return Admission::Refused(Rule::Brake { scope, until });
        }
        match command.approval {
            Approval::Collect(id) => self.collect(id, &command, &facts, now),
            Approval::Ask { .. } => self.ask(command, &facts, now),
        }
    }

    fn ask(&mut self, command: Admit, facts: &Facts, now: Timestamp) -> Admission {
        let Attempt { id, fingerprint } = command.attempt;
        if let Some((known, _)) = self.admissions.get(&id, now) {
            if known.fingerprint != fingerprint {
                return Admission::Conflict;
            }
            let barred = bar(&command.case, facts).map(Admission::Refused);
            return barred.unwrap_or_else(|| known.outcome());
        }
        let pending = match decide(&command.case, facts, false) {
            Verdict::Refuse(rule) => return Admission::Refused(rule),
            Verdict::Freeze => {
                if let Some(agent) = command.about.agent {
                    self.frozen.put(agent, (), now + FREEZE_MEMORY, now);
                }
                return Admission::Froze;
            }
            Verdict::Allow => None,
            Verdict::NeedsApproval(cause) => {
                if let Some(until) = self.first_of_too_many(command.about.agent.as_ref(), now) {
                    return Admission::Refused(Rule::TooManyRequests(until));
                }
                Some(cause)
            }
        };
        let pending = pending.and_then(|cause| match command.approval {
            Approval::Ask { id, life, body } => {
                let requester = command.about.agent.clone();
                let kept = Kept::new(fingerprint, requester, cause, now + life, body);
                self.requests.put(id, kept, now + life + REQUEST_TRACE, now);
                Some(Pending { request_id: id, expires_at: now + life, cause })
            }
            Approval::Collect(_) => None,
        });
        self.count(command.about, now);
        let admitted = Admitted { fingerprint, pending, was_issued: false };
        let outcome = admitted.outcome();
        self.admissions.put(id, admitted, now + ADMISSION_WINDOW, now);
        outcome
    }

    /// Notes that the admission's code is about to be returned.
    pub fn settle(&mut self, attempt: Attempt, collects: Option<RequestId>, now: Timestamp) {
        if let Some(id) = collects {
            return self.settle_collected(id, attempt.id, now);
        }
        let known = self.admissions.get_mut(&attempt.id, now);
        if let Some(known) = known.filter(|it| it.fingerprint == attempt.fingerprint) {
            known.was_issued = true;
        }
    }
}
