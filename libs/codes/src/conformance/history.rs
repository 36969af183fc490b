//! Any history at all: whatever is done to a user, in whatever order, the invariants hold.

mod outcomes;
mod witness;

use clock::Timestamp;
use proptest::prelude::*;

use self::witness::Witness;
use super::{Bench, World};
use crate::policy::{Policy, PolicySettings};
use crate::record::{CodeState, Lockout};

/// One thing done to one of a few users, named by an index.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// A code is issued, over a lock or not.
    Issue(usize, bool),
    /// The last issue is sent again under its key.
    Reissue(usize),
    /// The latest code is entered.
    Right(usize),
    /// Another code is entered.
    Wrong(usize),
    /// The code before the latest is entered.
    Stale(usize),
    /// The last attempt, revocation or clearing that had a key is sent again under it.
    Retry(usize),
    /// Something else, or the same for somebody else, is sent under that key.
    Reuse(usize),
    /// The live code is revoked, under a key or not.
    Revoke(usize, bool),
    /// The lockout is cleared, under a key or not.
    Clear(usize, bool),
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
        1 => who.clone().prop_map(Op::Reissue),
        2 => who.clone().prop_map(Op::Right),
        5 => who.clone().prop_map(Op::Wrong),
        2 => who.clone().prop_map(Op::Stale),
        2 => who.clone().prop_map(Op::Retry),
        1 => who.clone().prop_map(Op::Reuse),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, keyed)| Op::Revoke(who, keyed)),
        1 => (who, any::<bool>()).prop_map(|(who, keyed)| Op::Clear(who, keyed)),
        2 => pause.prop_map(Op::Wait),
        1 => Just(Op::Promote),
    ]
}

/// Few enough that histories use them up.
const ISSUES_PER_HOUR: u32 = 6;

/// What can be seen of a user, but for the ids, which no two stores share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    code: Option<(CodeState, Timestamp, Timestamp)>,
    lockout: Lockout,
}

/// Plays a history and checks every step of it. Returns what could be seen after each step, for
/// comparison with what another store shows.
pub async fn keeps_the_invariants(bench: Bench, ops: &[Op]) -> Vec<Sight> {
    let mut sights = Vec::new();
    let settings = PolicySettings { issues_per_hour: ISSUES_PER_HOUR, ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let mut witnesses: Vec<Witness> = (0..3).map(|_| Witness::new(world.stranger())).collect();
    let mut promotions = 0;
    for (step, op) in ops.iter().enumerate() {
        let key = format!("step-{step}");
        match *op {
            Op::Wait(seconds) => world.wait(seconds),
            Op::Promote => {
                promotions += 1;
                (world.bench.promote)();
            }
            Op::Issue(who, forced) => witnesses[who].issue(&world, forced, &key, promotions).await,
            Op::Reissue(who) => witnesses[who].reissue(&world, promotions).await,
            Op::Revoke(who, keyed) => witnesses[who].revoke(&world, keyed.then_some(&*key)).await,
            Op::Clear(who, keyed) => witnesses[who].clear(&world, keyed.then_some(&*key)).await,
            Op::Retry(who) => witnesses[who].retry(&world).await,
            Op::Reuse(who) => witnesses[who].reuse(&world).await,
            Op::Right(who) | Op::Wrong(who) | Op::Stale(who) => {
                let guess = witnesses[who].guess(*op);
                witnesses[who].attempt(&world, &guess, &key, promotions).await;
            }
        }
        for witness in &witnesses {
            sights.push(witness.look(&world).await);
        }
    }
    sights
}
