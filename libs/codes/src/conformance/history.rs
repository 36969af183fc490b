//! Any history at all: whatever is done to a user, in whatever order, the invariants hold.

use std::collections::{HashMap, HashSet};

use clock::{Clock as _, Timestamp};
use proptest::prelude::*;

use super::{Bench, World, request, wrong};
use crate::audit::Context;
use crate::directory::OpaqueDirectory;
use crate::ids::CodeId;
use crate::issuer::{Issuance, IssueRequest, IssuedCode, RevokeTarget};
use crate::policy::Policy;
use crate::record::{CodeState, Denial, DenialReason, Description, Lockout, REPLAY_WINDOW};
use crate::user::Identifier;
use crate::verifier::Verification;

/// One thing done to one of a few users, named by an index.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// A code is issued, over a lock or not.
    Issue(usize, bool),
    /// The latest code is entered.
    Right(usize),
    /// Another code is entered.
    Wrong(usize),
    /// The code before the latest is entered.
    Stale(usize),
    /// The last attempt is sent again under its key.
    Retry(usize),
    /// Another code is sent under the last attempt's key.
    Reuse(usize),
    /// The live code is revoked.
    Revoke(usize),
    /// The lockout is cleared.
    Clear(usize),
    /// Time passes, in seconds.
    Wait(u64),
    /// Another primary takes over.
    Promote,
}

/// Any operation, weighted so that histories get far: guesses and issues are common, the passing
/// of time comes close to where windows, codes and locks end.
pub fn op() -> impl Strategy<Value = Op> {
    let who = 0..3_usize;
    let pause = prop_oneof![1..10_u64, 100..130_u64, 280..310_u64, 890..910_u64];
    prop_oneof![
        3 => (who.clone(), any::<bool>()).prop_map(|(who, forced)| Op::Issue(who, forced)),
        2 => who.clone().prop_map(Op::Right),
        5 => who.clone().prop_map(Op::Wrong),
        2 => who.clone().prop_map(Op::Stale),
        2 => who.clone().prop_map(Op::Retry),
        1 => who.clone().prop_map(Op::Reuse),
        1 => who.clone().prop_map(Op::Revoke),
        1 => who.prop_map(Op::Clear),
        2 => pause.prop_map(Op::Wait),
        1 => Just(Op::Promote),
    ]
}

/// What a history is checked against: one user's part of it, as an observer would write it down.
struct Witness {
    user: Identifier,
    codes: Vec<IssuedCode>,
    /// The primary on which each code was issued.
    behind: HashMap<CodeId, u32>,
    compared: HashMap<CodeId, u32>,
    spent: HashSet<CodeId>,
    last: Option<Sent>,
}

/// What can be seen of a user, but for the ids, which no two stores share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    code: Option<(CodeState, Timestamp, Timestamp)>,
    lockout: Lockout,
}

/// An attempt as it was sent.
struct Sent {
    at: Timestamp,
    key: String,
    guess: String,
    outcome: Verification,
}

/// Plays a history and checks every step of it. Returns what could be seen after each step, for
/// comparison with what another store shows.
pub async fn keeps_the_invariants(bench: Bench, ops: &[Op]) -> Vec<Sight> {
    let mut sights = Vec::new();
    let world = World::new(bench);
    let mut witnesses: Vec<Witness> = (0..3).map(|_| Witness::new(world.stranger())).collect();
    let mut promotions = 0;
    for (step, op) in ops.iter().enumerate() {
        match *op {
            Op::Wait(seconds) => world.wait(seconds),
            Op::Promote => {
                promotions += 1;
                (world.bench.promote)();
            }
            Op::Issue(who, forced) => witnesses[who].issue(&world, forced, promotions).await,
            Op::Revoke(who) => witnesses[who].revoke(&world).await,
            Op::Clear(who) => witnesses[who].clear(&world).await,
            Op::Retry(who) => witnesses[who].retry(&world).await,
            Op::Reuse(who) => witnesses[who].reuse(&world).await,
            Op::Right(who) | Op::Wrong(who) | Op::Stale(who) => {
                let guess = witnesses[who].guess(*op);
                witnesses[who].attempt(&world, &guess, &format!("step-{step}"), promotions).await;
            }
        }
        for witness in &witnesses {
            sights.push(witness.look(&world).await);
        }
    }
    sights
}

impl Witness {
    fn new(user: Identifier) -> Self {
        Self {
            user,
            codes: Vec::new(),
            behind: HashMap::new(),
            compared: HashMap::new(),
            spent: HashSet::new(),
            last: None,
        }
    }

    fn guess(&self, op: Op) -> String {
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
    async fn issue(&mut self, world: &World, forced: bool, promotions: u32) {
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
    async fn attempt(&mut self, world: &World, guess: &str, key: &str, promotions: u32) {
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
        self.last = Some(Sent {
            at: world.bench.clock.now(),
            key: key.to_owned(),
            guess: guess.to_owned(),
            outcome: verification,
        });
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

    /// I8: within the replay window an attempt that took effect has the same outcome again, and no
    /// further effect.
    async fn retry(&mut self, world: &World) {
        let Some((key, guess, outcome)) = self.replayable(world) else { return };
        let before = world.describe(&self.user).await;
        assert_eq!(world.verify_as(&self.user, &guess, Some(&key)).await, outcome, "I8");
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    /// I8: the same key with another request is not compared and has no effect.
    async fn reuse(&mut self, world: &World) {
        let Some((key, ..)) = self.replayable(world) else { return };
        let before = world.describe(&self.user).await;
        let conflict = world.verify_as(&self.user, "999999999", Some(&key)).await;
        assert_eq!(conflict, Verification::Conflict, "I8");
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    fn replayable(&self, world: &World) -> Option<(String, String, Verification)> {
        let last = self.last.as_ref()?;
        let fresh = world.bench.clock.now().since(last.at) < REPLAY_WINDOW;
        (fresh && had_effect(&last.outcome))
            .then(|| (last.key.clone(), last.guess.clone(), last.outcome.clone()))
    }

    async fn revoke(&mut self, world: &World) {
        let target = RevokeTarget::User(self.user.clone());
        let issuer = world.issuer();
        let revoked = issuer.revoke(&world.caller, &OpaqueDirectory, &target).await;
        if revoked.expect("the store answers") {
            let code = self.codes.last().expect("only an issued code is revoked");
            self.spent.insert(code.code_id.clone());
        }
    }

    async fn clear(&mut self, world: &World) {
        let (verifier, context) = (world.verifier(), Context::default());
        let cleared = verifier.clear_lockout(&world.caller, &OpaqueDirectory, &self.user, &context);
        cleared.await.expect("the store answers");
        let lockout = world.describe(&self.user).await.lockout;
        assert_eq!(lockout, Description::default().lockout);
    }

    /// I17: what is spent never becomes active again.
    async fn look(&self, world: &World) -> Sight {
        let Description { code, lockout } = world.describe(&self.user).await;
        if let Some(code) = &code {
            assert!(!(self.spent.contains(&code.id) && code.state == CodeState::Active), "I17");
        }
        Sight { code: code.map(|code| (code.state, code.issued_at, code.expires_at)), lockout }
    }
}

fn had_effect(outcome: &Verification) -> bool {
    match outcome {
        Verification::Accepted { .. } => true,
        Verification::Denied(denial) => matches!(
            denial.reason,
            DenialReason::WrongCode | DenialReason::Burned | DenialReason::Fenced
        ),
        Verification::Conflict => false,
    }
}
