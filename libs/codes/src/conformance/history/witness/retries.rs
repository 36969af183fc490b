//! What is sent again under its key, and what else is sent under it.

use clock::{Clock as _, Timestamp};

use super::super::outcomes::Kind;
use super::Witness;
use crate::conformance::{Place, World};
use crate::issuer::{Revocation, RevokeTarget};
use crate::record::{Cleared, CodeState, Description, Lockout, REPLAY_WINDOW};
use crate::user::Identifier;
use crate::verifier::{Clearance, Verification};

/// What was sent under a key, and its outcome.
pub(super) struct Sent {
    at: Timestamp,
    key: String,
    what: What,
    outcome: Outcome,
}

/// What can be sent under a key.
#[derive(Clone)]
pub(super) enum What {
    Guess(String, Place),
    Revocation,
    Clearing,
}

/// Its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Verified(Verification),
    Revoked(Revocation),
    Cleared(Clearance),
}

impl Witness {
    pub(super) fn sent(&mut self, world: &World, key: &str, what: What, outcome: Outcome) {
        let at = world.bench.clock.now();
        self.last = Some(Sent { at, key: key.to_owned(), what, outcome });
    }

    async fn send(&self, world: &World, what: &What, key: &str) -> Outcome {
        send(world, &self.user, what, key).await
    }

    /// I8: within the replay window whatever is remembered has the same outcome again, and no further
    /// effect.
    pub(in super::super) async fn retry(&mut self, world: &World) {
        let now = world.bench.clock.now();
        let Some(Sent { key, what, outcome, .. }) = self.claimed(world) else { return };
        if !is_idle(outcome) && !self.outcomes.knows(key, now) {
            return;
        }
        let before = world.describe(&self.user).await;
        let again = self.send(world, what, key).await;
        match &again {
            Outcome::Verified(verification) if self.is_blocked_guess(world, verification) => {}
            _ => assert_eq!(again, *outcome, "I8"),
        }
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    /// I8: the same key with another request is not compared and has no effect, for any operation and
    /// any user.
    pub(in super::super) async fn reuse(&mut self, world: &World) {
        // A block answers before any key is looked at.
        let is_blocked = self.blocked_until(world).is_some();
        let Some(Sent { key, what, .. }) = self.claimed(world).filter(|_| !is_blocked) else {
            return;
        };
        let before = world.describe(&self.user).await;
        let sent_before = |guess: &str| matches!(what, What::Guess(sent, _) if sent == guess);
        let guess = if sent_before("999999") { "000000" } else { "999999" };
        let others = match what {
            What::Guess(sent, place) => {
                let elsewhere =
                    if place.binding.is_some() { Place::default() } else { self.journey };
                vec![
                    What::Guess(guess.to_owned(), *place),
                    What::Guess(sent.clone(), elsewhere),
                    What::Revocation,
                    What::Clearing,
                ]
            }
            What::Revocation => vec![What::Guess(guess.to_owned(), self.journey), What::Clearing],
            What::Clearing => vec![What::Guess(guess.to_owned(), self.journey), What::Revocation],
        };
        for other in &others {
            let outcome = self.send(world, other, key).await;
            assert!(is_conflict(&outcome), "I8: {outcome:?}");
        }
        assert_eq!(world.describe(&self.user).await, before, "I8");
        let outcome = send(world, &world.stranger(), what, key).await;
        assert!(is_conflict(&outcome), "I8, another user: {outcome:?}");
    }

    /// What was sent last, while its key stands for it.
    fn claimed(&self, world: &World) -> Option<&Sent> {
        let now = world.bench.clock.now();
        self.last.as_ref().filter(|last| now.since(last.at) < REPLAY_WINDOW)
    }

    pub(in super::super) async fn revoke(&mut self, world: &World, key: Option<&str>) {
        let before = world.describe(&self.user).await;
        let target = RevokeTarget::User(self.user.clone());
        let revocation = world.revoke_as(target, key).await;
        match revocation {
            Revocation::Revoked => {
                let code = self.codes.last().expect("only an issued code is revoked");
                self.spent.insert(code.code_id.clone());
                self.outcomes.add(key, Kind::Change, world.bench.clock.now());
            }
            Revocation::GrantRevoked => {
                let code = before.code.as_ref().expect("only an issued code is redeemed");
                assert_eq!(code.state, CodeState::Consumed);
                let grant = code.id.grant();
                assert!(world.bench.grants.is_revoked(&grant).await.expect("the store answers"));
                assert_eq!(world.describe(&self.user).await, before);
                self.outcomes.add(key, Kind::Change, world.bench.clock.now());
            }
            Revocation::NothingLive => assert_eq!(world.describe(&self.user).await, before),
            Revocation::Conflict => panic!("the key is new"),
        }
        if let Some(key) = key {
            self.sent(world, key, What::Revocation, Outcome::Revoked(revocation));
        }
    }

    pub(in super::super) async fn clear(&mut self, world: &World, key: Option<&str>) {
        let before = world.describe(&self.user).await;
        let clearance = world.clear_as(&self.user, key).await;
        let both = [before.lockout, before.paired_lockout];
        let there_was = Cleared {
            lock: both.iter().any(|lockout| lockout.locked_until.is_some()),
            failures: both.iter().map(|lockout| lockout.failures).sum(),
            disabled: both.iter().any(|lockout| lockout.disabled),
        };
        assert_eq!(clearance, Clearance::Cleared(there_was));
        let Description { lockout, paired_lockout, .. } = world.describe(&self.user).await;
        let none = [Lockout::default(); 2];
        assert_eq!([lockout, paired_lockout], none);
        if both != none {
            self.outcomes.add(key, Kind::Change, world.bench.clock.now());
        }
        if let Some(key) = key {
            self.sent(world, key, What::Clearing, Outcome::Cleared(clearance));
        }
    }
}

async fn send(world: &World, user: &Identifier, what: &What, key: &str) -> Outcome {
    let key = Some(key);
    match what {
        What::Guess(guess, place) => {
            let verified = world.try_verify_from(*place, user, guess, key).await;
            Outcome::Verified(verified.expect("the store answers"))
        }
        What::Revocation => {
            Outcome::Revoked(world.revoke_as(RevokeTarget::User(user.clone()), key).await)
        }
        What::Clearing => Outcome::Cleared(world.clear_as(user, key).await),
    }
}

/// What found nothing to do, and is kept with its key alone.
fn is_idle(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Verified(_) => false,
        Outcome::Revoked(revocation) => *revocation == Revocation::NothingLive,
        Outcome::Cleared(clearance) => *clearance == Clearance::Cleared(Cleared::default()),
    }
}

fn is_conflict(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Verified(verification) => *verification == Verification::Conflict,
        Outcome::Revoked(revocation) => *revocation == Revocation::Conflict,
        Outcome::Cleared(clearance) => *clearance == Clearance::Conflict,
    }
}
