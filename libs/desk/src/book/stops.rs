//! Brakes and frozen agents.

use clock::Timestamp;

use super::Book;
use crate::names::Scope;
use crate::store::{About, Stop, Stops};

impl Book {
    /// The brake that stops an issue; the widest if there are several.
    pub(super) fn brake(&self, about: &About, now: Timestamp) -> Option<(Scope, Timestamp)> {
        let group = about.group.clone().map(Scope::Group);
        let agent = about.agent.clone().map(Scope::Agent);
        let mut scopes = [Some(Scope::Application), group, agent].into_iter().flatten();
        let set = |scope| self.brakes.get(&scope, now).map(|((), until)| (scope, until));
        scopes.find_map(set)
    }

    /// The brakes and frozen agents, in order.
    pub fn stops(&self, now: Timestamp) -> Stops {
        let mut brakes: Vec<_> =
            self.brakes.iter(now).map(|(scope, (), until)| (scope.clone(), until)).collect();
        let mut frozen: Vec<_> = self.frozen.iter(now).map(|(agent, ..)| agent.clone()).collect();
        brakes.sort();
        frozen.sort();
        Stops { brakes, frozen }
    }

    /// Sets or lifts a brake or a freeze; returns whether that changed anything.
    pub fn stop(&mut self, stop: Stop, now: Timestamp) -> bool {
        match stop {
            Stop::Brake(scope, life) => {
                let until = now + life;
                let is_longer = self.brakes.get(&scope, now).is_none_or(|((), end)| end < until);
                if is_longer {
                    self.brakes.put(scope, (), until, now);
                }
                is_longer
            }
            Stop::Release(scope) => self.brakes.remove(&scope, now),
            Stop::Thaw(agent) => {
                let was_frozen = self.frozen.remove(&agent, now);
                // Otherwise the next issue in the same hour would freeze the agent again.
                if was_frozen {
                    self.agents.remove(&agent, now);
                }
                was_frozen
            }
        }
    }
}
