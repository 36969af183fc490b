//! One user's part of a history, and the invariants that every step of it must keep.

use std::collections::{HashMap, HashSet};

use clock::{Clock as _, Timestamp};

use super::{Op, Sight};
use crate::conformance::{World, request, wrong};
use crate::ids::CodeId;
use crate::issuer::{Issuance, IssueRequest, IssuedCode, Revocation, RevokeTarget};
use crate::policy::Policy;
use crate::record::{Cleared, CodeState, Denial, DenialReason, Description, REPLAY_WINDOW};
use crate::user::Identifier;
use crate::verifier::{Clearance, Verification};

/// What a history is checked against: one user's part of it, as an observer would write it down.
pub(super) struct Witness {
    user: Identifier,
    codes: Vec<IssuedCode>,
    /// The primary on which each code was issued.
    behind: HashMap<CodeId, u32>,
    compared: HashMap<CodeId, u32>,
    spent: HashSet<CodeId>,
    last: Option<Sent>,
}

/// What was sent under a key, and what came of it.
struct Sent {
    at: Timestamp,
    key: String,
    what: What,
    outcome: Outcome,
}

/// What can be sent under a key.
#[derive(Clone)]
enum What {
    Guess(String),
    Revocation,
    Clearing,
}

/// What can come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Verified(Verification),
    Revoked(Revocation),
    Cleared(Clearance),
}

impl Witness {
    pub(super) fn new(user: Identifier) -> Self {
        Self {
            user,
            codes: Vec::new(),
            behind: HashMap::new(),
            compared: HashMap::new(),
            spent: HashSet::new(),
            last: None,
        }
    }

    pub(super) fn guess(&self, op: Op) -> String {
        let latest = self.codes.last();
        let right = || latest.map_or("000000".to_owned(), |code| code.code.expose().to_owned());
        match op {
            Op::Wrong(_) => latest.map_or("000000".to_owned(), wrong),
            Op::Stale(_) if self.codes.len() > 1 => {
                self.codes[self.codes.len() - 2].code.expose().to_owned()
            }
            _ => right(),
        }
    }

    /// I4, I5: the code is new, and nothing counted is forgotten.
    pub(super) async fn issue(&mut self, world: &World, forced: bool, promotions: u32) {
        let before = world.describe(&self.user).await.lockout;
        let request = IssueRequest { override_lockout: forced, ..request(&self.user) };
        let issuance = world.ask(request).await;
        let after = world.describe(&self.user).await.lockout;
        assert_eq!(
            (after.failures, after.consecutive_failures, after.disabled),
            (before.failures, before.consecutive_failures, before.disabled),
        );
        if let Issuance::Issued(code) = issuance {
            assert!(!before.disabled && (forced || before.locked_until.is_none()));
            assert!(self.behind.insert(code.code_id.clone(), promotions).is_none());
            self.codes.push(code);
        } else {
            assert_eq!(after, before);
        }
    }

    /// I1, I2, I3, I4, I6, I7, I11.
    pub(super) async fn attempt(&mut self, world: &World, guess: &str, key: &str, promotions: u32) {
        let before = world.describe(&self.user).await;
        let verification = world.verify_as(&self.user, guess, Some(key)).await;
        let after = world.describe(&self.user).await;
        match &verification {
            Verification::Accepted { code_id, .. } => {
                self.is_the_one_success(code_id, guess, &before, world.bench.clock.now());
                assert_eq!(self.behind.get(code_id), Some(&promotions), "I11");
            }
            Verification::Denied(denial) => self.is_a_fair_denial(*denial, &before, &after),
            Verification::Conflict => panic!("the key is new"),
        }
        let outcome = Outcome::Verified(verification);
        self.sent(world, key, What::Guess(guess.to_owned()), outcome);
    }

    fn sent(&mut self, world: &World, key: &str, what: What, outcome: Outcome) {
        let at = world.bench.clock.now();
        self.last = Some(Sent { at, key: key.to_owned(), what, outcome });
    }

    async fn send(&self, world: &World, what: &What, key: &str) -> Outcome {
        let key = Some(key);
        match what {
            What::Guess(guess) => Outcome::Verified(world.verify_as(&self.user, guess, key).await),
            What::Revocation => {
                let target = RevokeTarget::User(self.user.clone());
                Outcome::Revoked(world.revoke_as(target, key).await)
            }
            What::Clearing => Outcome::Cleared(world.clear_as(&self.user, key).await),
        }
    }

    fn is_the_one_success(
        &mut self,
        id: &CodeId,
        guess: &str,
        before: &Description,
        now: Timestamp,
    ) {
        let latest = self.codes.last().expect("a code was issued");
        assert_eq!((id, guess), (&latest.code_id, latest.code.expose()), "I4");
        assert!(now < latest.expires_at, "I3");
        assert!(self.spent.insert(id.clone()), "I1");
        assert!(before.lockout.locked_until.is_none() && !before.lockout.disabled, "I6, I21");
    }

    fn is_a_fair_denial(&mut self, denial: Denial, before: &Description, after: &Description) {
        match denial.reason {
            DenialReason::WrongCode | DenialReason::Burned => {
                let code = before.code.as_ref().expect("I7: only a code is compared against");
                let compared = self.compared.entry(code.id.clone()).or_default();
                *compared += 1;
                assert!(*compared <= Policy::default().settings().failed_attempts, "I2");
                assert_eq!(after.lockout.failures, before.lockout.failures + 1);
            }
            DenialReason::Fenced => assert_eq!(after.lockout, before.lockout),
            DenialReason::Locked => {
                assert_eq!(denial.locked_until, before.lockout.locked_until, "I6");
                assert_eq!(after, before, "I6");
            }
            DenialReason::NoCode
            | DenialReason::Expired
            | DenialReason::Disabled
            | DenialReason::UnknownKey => assert_eq!(after, before, "I7"),
        }
    }

    /// I8: within the replay window whatever is remembered has the same outcome again, and no further
    /// effect.
    pub(super) async fn retry(&mut self, world: &World) {
        let Some(Sent { key, what, outcome, .. }) = self.replayable(world) else { return };
        let before = world.describe(&self.user).await;
        assert_eq!(self.send(world, what, key).await, *outcome, "I8");
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    /// I8: the same key with another request is not compared and has no effect.
    pub(super) async fn reuse(&mut self, world: &World) {
        let Some(Sent { key, what, .. }) = self.replayable(world) else { return };
        let before = world.describe(&self.user).await;
        let guess = What::Guess("999999999".to_owned());
        let others = [guess, What::Revocation, What::Clearing];
        let is_other = |other: &What| match (what, other) {
            (What::Guess(_), What::Guess(_)) => true,
            _ => std::mem::discriminant(what) != std::mem::discriminant(other),
        };
        for other in others.iter().filter(|other| is_other(other)) {
            let outcome = self.send(world, other, key).await;
            assert!(is_conflict(&outcome), "I8: {outcome:?}");
        }
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    fn replayable(&self, world: &World) -> Option<&Sent> {
        let now = world.bench.clock.now();
        let last = self.last.as_ref().filter(|last| now.since(last.at) < REPLAY_WINDOW)?;
        is_remembered(&last.outcome).then_some(last)
    }

    pub(super) async fn revoke(&mut self, world: &World, key: Option<&str>) {
        let before = world.describe(&self.user).await;
        let target = RevokeTarget::User(self.user.clone());
        let revocation = world.revoke_as(target, key).await;
        match revocation {
            Revocation::Revoked => {
                let code = self.codes.last().expect("only an issued code is revoked");
                self.spent.insert(code.code_id.clone());
            }
            Revocation::NothingLive => assert_eq!(world.describe(&self.user).await, before),
            Revocation::Conflict => panic!("the key is new"),
        }
        if let Some(key) = key {
            self.sent(world, key, What::Revocation, Outcome::Revoked(revocation));
        }
    }

    pub(super) async fn clear(&mut self, world: &World, key: Option<&str>) {
        let before = world.describe(&self.user).await.lockout;
        let clearance = world.clear_as(&self.user, key).await;
        let there_was = Cleared {
            lock: before.locked_until.is_some(),
            failures: before.failures,
            disabled: before.disabled,
        };
        assert_eq!(clearance, Clearance::Cleared(there_was));
        let lockout = world.describe(&self.user).await.lockout;
        assert_eq!(lockout, Description::default().lockout);
        if let Some(key) = key {
            self.sent(world, key, What::Clearing, Outcome::Cleared(clearance));
        }
    }

    /// I17: what is spent never becomes active again.
    pub(super) async fn look(&self, world: &World) -> Sight {
        let Description { code, lockout } = world.describe(&self.user).await;
        if let Some(code) = &code {
            assert!(!(self.spent.contains(&code.id) && code.state == CodeState::Active), "I17");
        }
        Sight { code: code.map(|code| (code.state, code.issued_at, code.expires_at)), lockout }
    }
}

/// Denials without a comparison are nothing to remember.
fn is_remembered(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Verified(Verification::Accepted { .. })
        | Outcome::Revoked(_)
        | Outcome::Cleared(_) => true,
        Outcome::Verified(Verification::Denied(denial)) => matches!(
            denial.reason,
            DenialReason::WrongCode | DenialReason::Burned | DenialReason::Fenced
        ),
        Outcome::Verified(Verification::Conflict) => false,
    }
}

fn is_conflict(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Verified(verification) => *verification == Verification::Conflict,
        Outcome::Revoked(revocation) => *revocation == Revocation::Conflict,
        Outcome::Cleared(clearance) => *clearance == Clearance::Conflict,
    }
}
