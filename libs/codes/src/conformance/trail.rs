//! The audit trail of a world, and what a trail must hold.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Bench, World, granted, keyed, request, wrong};
use crate::audit::{Audit, AuditError, Event};
use crate::issuer::{IssueRequest, RevokeTarget};

/// An audit trail in memory.
#[derive(Default)]
pub struct Trail(Mutex<Vec<Event>>);

#[async_trait]
impl Audit for Trail {
    async fn record(&self, event: Event) -> Result<(), AuditError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        Ok(())
    }
}

impl Trail {
    /// The actions so far, in order, each of an attempt once.
    pub fn actions(&self) -> Vec<&'static str> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let once =
            events.iter().filter(|event| seen.insert((event.attempt, event.action.as_str())));
        once.map(|event| event.action.as_str()).collect()
    }

    /// How many events a retry wrote again.
    pub fn replays(&self) -> usize {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event.replayed).count()
    }
}

/// I19.
pub async fn every_action_is_written_to_the_trail_once(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    world.ask(keyed(&user, "issue")).await;
    let first = granted(world.ask(keyed(&user, "issue")).await);
    for key in ["a", "a", "b", "b", "c", "c"] {
        world.verify_as(&user, &wrong(&first), Some(key)).await;
    }
    let forced = IssueRequest { override_lockout: true, ..request(&user) };
    let second = granted(world.ask(forced).await);
    for _ in 0..2 {
        world.verify_as(&user, second.code.expose(), Some("d")).await;
    }
    let expected = [
        "code.issued",
        "code.denied",
        "code.denied",
        "code.denied",
        "code.burned",
        "user.locked",
        "lock.overridden",
        "code.issued",
        "code.accepted",
    ];
    assert_eq!(world.trail.actions(), expected);
    // The second issue, then each guess again: of the last one, the denial, the burning, the lock.
    assert_eq!(world.trail.replays(), 1 + 2 + 3 + 1);
}

/// I19.
pub async fn a_retried_revocation_or_clearing_is_marked_in_the_trail(bench: Bench) {
    let world = World::new(bench);
    let user = world.stranger();
    let issued = world.issue(&user).await;
    world.fail(&user, &issued, 1).await;
    for _ in 0..3 {
        world.clear_as(&user, Some("clear")).await;
        world.revoke_as(RevokeTarget::User(user.clone()), Some("revoke")).await;
    }
    let expected = ["code.issued", "code.denied", "lockout.cleared", "code.revoked"];
    assert_eq!(world.trail.actions(), expected);
    assert_eq!(world.trail.replays(), 2 + 2);
}
