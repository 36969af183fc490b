//! The book of one application's desk: what was admitted and counted, who is stopped, and the requests
//! for approval.
//!
//! ```text
//!             NeedsApproval            approve                 collect
//!   (none) ----------------> WAITING ----------> APPROVED -------------------> COLLECTED
//!                             |  |                  |            by one key
//!                             |  +-- deny ----> DENIED
//!                             +-- its time is up ---+--------> EXPIRED   (by the clock)
//! ```
//!
//! This module is the readable specification of every store: a store runs one of its transitions
//! atomically, with its own clock's `now`. None of them reads a clock or performs I/O.

mod admit;
mod requests;
mod stops;

use std::hash::Hash;
use std::time::Duration;

use clock::Timestamp;
use codes::digest::{AttemptId, Fingerprint, Subject};
use codes::ids::Agent;

use self::admit::Admitted;
use self::requests::Kept;
use crate::decide::{Count, Facts};
use crate::fading::Fading;
use crate::names::{Group, RequestId, Scope};
use crate::policy::{AGENT_WINDOW, USER_WINDOW};
use crate::store::{About, TICKET_MEMORY};

/// The book of one application.
#[derive(Clone, Debug, Default)]
pub struct Book {
    admissions: Fading<AttemptId, Admitted>,
    brakes: Fading<Scope, ()>,
    frozen: Fading<Agent, ()>,
    requests: Fading<RequestId, Kept>,
    tickets: Fading<Fingerprint, Subject>,
    users: Fading<Subject, u32>,
    agents: Fading<Agent, u32>,
    groups: Fading<Group, u32>,
    /// Who approved for whom.
    approvals: Fading<(Agent, Agent), ()>,
}

impl Book {
    /// The facts about an issue.
    pub fn facts(&self, about: &About, now: Timestamp) -> Facts {
        let About { subject, agent, group, ticket } = about;
        let owner = ticket.as_ref().and_then(|ticket| self.tickets.get(ticket, now));
        Facts {
            brake: self.brake(about, now),
            is_frozen: agent.as_ref().is_some_and(|agent| self.frozen.get(agent, now).is_some()),
            ticket_is_taken: owner.is_some_and(|(owner, _)| owner != subject),
            user: counted(&self.users, Some(subject), now),
            agent: counted(&self.agents, agent.as_ref(), now),
            group: counted(&self.groups, group.as_ref(), now),
        }
    }

    /// Counts an issue in the windows that it belongs to, and gives its ticket to its user.
    fn count(&mut self, about: About, now: Timestamp) {
        let About { subject, agent, group, ticket } = about;
        if let Some(ticket) = ticket.filter(|ticket| self.tickets.get(ticket, now).is_none()) {
            self.tickets.put(ticket, subject, now + TICKET_MEMORY, now);
        }
        one_more(&mut self.users, Some(subject), USER_WINDOW, now);
        one_more(&mut self.agents, agent, AGENT_WINDOW, now);
        one_more(&mut self.groups, group, AGENT_WINDOW, now);
    }
}

fn counted<K: Eq + Hash>(counts: &Fading<K, u32>, key: Option<&K>, now: Timestamp) -> Count {
    let counted = key.and_then(|key| counts.get(key, now));
    counted.map(|(number, until)| Count { number: *number, until }).unwrap_or_default()
}

/// One more in the present window; the first one opens a window of that length.
fn one_more<K: Eq + Hash>(
    counts: &mut Fading<K, u32>,
    key: Option<K>,
    window: Duration,
    now: Timestamp,
) {
    let Some(key) = key else { return };
    let (number, until) = match counts.get(&key, now) {
        Some((number, until)) => (number.saturating_add(1), until),
        None => (1, now + window),
    };
    counts.put(key, number, until, now);
}
