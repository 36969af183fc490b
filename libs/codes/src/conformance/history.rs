//! Random histories: the invariants hold after any operations in any order.

mod outcomes;
mod witness;

use clock::Timestamp;
use proptest::prelude::*;

use self::witness::Witness;
use super::{Bench, World};
use crate::policy::{Policy, PolicySettings};
use crate::record::{CodeState, Lockout};

/// One operation on one of a few users, who are named by an index.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// The user's journey asks for a number.
    Pair(usize),
    /// The user's journey ends its pairing.
    Withdraw(usize),
    /// A code is issued.
    Issue(usize, Issued),
    /// The last issue is sent again under its key.
    Reissue(usize),
    /// A code is entered in some journey.
    Guess(usize, Typed, Spot),
    /// The last attempt, revocation or clearing with a key is sent again.
    Retry(usize),
    /// Another request, or the same one for another user, is sent under that key.
    Reuse(usize),
    /// The live code is revoked, with or without a key.
    Revoke(usize, bool),
    /// The lockout is cleared, with or without a key.
    Clear(usize, bool),
    /// The user repudiates a code.
    Repudiate(usize, Told),
    /// An agent lifts the block that follows.
    Lift(usize),
    /// Time passes, in seconds.
    Wait(u64),
    /// Another primary takes over.
    Promote,
}

/// The code that is entered.
#[derive(Clone, Copy, Debug)]
pub enum Typed {
    /// The latest code.
    Right,
    /// A wrong code.
    Wrong,
    /// The code before the latest one.
    Stale,
}

/// How a code is issued.
#[derive(Clone, Copy, Debug)]
pub struct Issued {
    /// Paired with the user's journey.
    is_paired: bool,
    /// Overriding a lock.
    is_forced: bool,
}

/// The journey and address that a code is entered from.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The user's own journey.
    is_own: bool,
    /// One of a few addresses.
    source: u32,
}

/// What the user was told of.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The latest code, or the one before it.
    is_of_latest: bool,
    /// Now, or a day ago.
    is_recent: bool,
}

/// Any operation. Guesses and issues are the most frequent, and waits end close to where windows,
/// codes, numbers and locks expire.
pub fn op() -> impl Strategy<Value = Op> {
    let who = 0..3_usize;
    let pause = prop_oneof![1..10_u64, 100..130_u64, 280..310_u64, 590..610_u64, 890..910_u64];
    let typed =
        prop_oneof![2 => Just(Typed::Right), 5 => Just(Typed::Wrong), 2 => Just(Typed::Stale)];
    let spot =
        (prop::bool::weighted(0.7), 0..2_u32).prop_map(|(is_own, source)| Spot { is_own, source });
    let issued =
        any::<(bool, bool)>().prop_map(|(is_paired, is_forced)| Issued { is_paired, is_forced });
    let told = (any::<bool>(), prop::bool::weighted(0.7))
        .prop_map(|(is_of_latest, is_recent)| Told { is_of_latest, is_recent });
    prop_oneof![
        2 => who.clone().prop_map(Op::Pair),
        1 => who.clone().prop_map(Op::Withdraw),
        4 => (who.clone(), issued).prop_map(|(who, issued)| Op::Issue(who, issued)),
        1 => who.clone().prop_map(Op::Reissue),
        9 => (who.clone(), typed, spot).prop_map(|(who, typed, spot)| Op::Guess(who, typed, spot)),
        2 => who.clone().prop_map(Op::Retry),
        1 => who.clone().prop_map(Op::Reuse),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, keyed)| Op::Revoke(who, keyed)),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, keyed)| Op::Clear(who, keyed)),
        1 => (who.clone(), told).prop_map(|(who, told)| Op::Repudiate(who, told)),
        1 => who.prop_map(Op::Lift),
        1 => (86_390..86_410_u64).prop_map(Op::Wait),
        2 => pause.prop_map(Op::Wait),
        1 => Just(Op::Promote),
    ]
}

/// Few enough for histories to use them up.
const ISSUES_PER_HOUR: u32 = 6;

/// One less than the attempts that a code allows.
const ATTEMPTS_PER_SOURCE: u32 = 2;

/// What callers can see of a user, except IDs, which differ between stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    code: Option<(CodeState, Timestamp, Timestamp, bool, u32)>,
    lockout: Lockout,
    paired_lockout: Lockout,
    blocked_until: Option<Timestamp>,
}

/// Runs a history and checks the invariants after each step. Returns what callers see after each
/// step, for comparison with another store.
pub async fn keeps_the_invariants(bench: Bench, ops: &[Op]) -> Vec<Sight> {
    let mut sights = Vec::new();
    let settings = PolicySettings {
        issues_per_hour: ISSUES_PER_HOUR,
        attempts_per_source: Some(ATTEMPTS_PER_SOURCE),
        ..PolicySettings::default()
    };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let mut witnesses: Vec<Witness> = (0..3).map(|_| Witness::new(&world)).collect();
    let mut promotions = 0;
    for (step, op) in ops.iter().enumerate() {
        let key = format!("step-{step}");
        match *op {
            Op::Wait(seconds) => world.wait(seconds),
            Op::Promote => {
                promotions += 1;
                (world.bench.promote)();
            }
            Op::Pair(who) => witnesses[who].pair(&world).await,
            Op::Withdraw(who) => witnesses[who].withdraw(&world).await,
            Op::Issue(who, what) => witnesses[who].issue(&world, what, &key, promotions).await,
            Op::Reissue(who) => witnesses[who].reissue(&world, promotions).await,
            Op::Revoke(who, keyed) => witnesses[who].revoke(&world, keyed.then_some(&*key)).await,
            Op::Clear(who, keyed) => witnesses[who].clear(&world, keyed.then_some(&*key)).await,
            Op::Repudiate(who, told) => witnesses[who].repudiate(&world, told).await,
            Op::Lift(who) => witnesses[who].lift(&world).await,
            Op::Retry(who) => witnesses[who].retry(&world).await,
            Op::Reuse(who) => witnesses[who].reuse(&world).await,
            Op::Guess(who, typed, spot) => {
                let guess = witnesses[who].guess(typed);
                witnesses[who].attempt(&world, &guess, spot, &key, promotions).await;
            }
        }
        for witness in &witnesses {
            sights.push(witness.look(&world).await);
        }
    }
    sights
}
