//! Codes that the user repudiates, and the block that follows.

use std::collections::HashSet;
use std::time::Duration;

use clock::{Clock as _, Timestamp};

use super::super::Told;
use super::Witness;
use crate::conformance::World;
use crate::ids::CodeId;
use crate::issuer::Issuance;
use crate::record::{CodeState, DenialReason};
use crate::verifier::Verification;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What an observer knows of the user's repudiations.
#[derive(Default)]
pub(super) struct Repudiations {
    codes: HashSet<CodeId>,
    /// When the codes are forgotten.
    until: Timestamp,
    blocked_until: Timestamp,
    lifted_until: Timestamp,
}

impl Witness {
    /// When the block of the user ends, if there is one.
    pub(super) fn blocked_until(&self, world: &World) -> Option<Timestamp> {
        let until = self.repudiations.blocked_until;
        (world.bench.clock.now() < until).then_some(until)
    }

    /// I28: each code once, each recent one with a block unless one was lifted within a day.
    pub(in super::super) async fn repudiate(&mut self, world: &World, told: Told) {
        let now = world.bench.clock.now();
        let mut codes = self.codes.iter().rev().map(|code| code.code_id.clone());
        let Some(id) = codes.nth(usize::from(!told.is_of_latest)) else { return };
        let age = if told.is_recent { Duration::ZERO } else { DAY };
        let told_of = Timestamp::from_unix_millis(now.unix_millis() - millis(age));
        let before = world.describe(&self.user).await;
        let known = &mut self.repudiations;
        if now >= known.until {
            known.codes.clear();
        }
        let replayed = known.codes.contains(&id);
        if !replayed && told.is_recent {
            known.codes.insert(id.clone());
            known.until = now + DAY;
            if now >= known.lifted_until {
                known.blocked_until = now + DAY;
            }
        }
        let blocked_until = self.blocked_until(world);
        let repudiated = world.repudiate(&id, told_of).await.expect("it is the application's");
        assert_eq!(repudiated.blocked_until, blocked_until, "I28");
        assert!(repudiated.replayed || !replayed, "I28");
        let blocks = !replayed && told.is_recent && blocked_until.is_some();
        let live = before.code.filter(|code| code.state == CodeState::Active).map(|code| code.id);
        let ended = live.filter(|live| blocks || (!replayed && *live == id));
        let also_ended = ended.clone().filter(|ended| *ended != id);
        assert!(repudiated.replayed || repudiated.also_ended == also_ended, "I28");
        self.spent.extend(ended);
        assert!(world.bench.grants.is_revoked(&id.grant()).await.expect("the store answers"));
    }

    pub(in super::super) async fn lift(&mut self, world: &World) {
        let is_blocked = self.blocked_until(world).is_some();
        assert_eq!(world.lift(&self.user).await, is_blocked);
        if is_blocked {
            let now = world.bench.clock.now();
            self.repudiations.blocked_until = Timestamp::default();
            self.repudiations.lifted_until = now + DAY;
        }
    }

    /// I28.
    pub(super) fn is_blocked_issuance(&self, world: &World, issuance: &Issuance) -> bool {
        let Some(until) = self.blocked_until(world) else {
            assert!(!matches!(issuance, Issuance::Blocked(_)), "nobody blocked the user");
            return false;
        };
        assert!(matches!(issuance, Issuance::Blocked(at) if *at == until), "I28: {issuance:?}");
        true
    }

    /// I28.
    pub(super) fn is_blocked_guess(&self, world: &World, verification: &Verification) -> bool {
        let told = matches!(
            verification,
            Verification::Denied(denial) if denial.reason == DenialReason::Blocked
        );
        assert_eq!(told, self.blocked_until(world).is_some(), "I28: {verification:?}");
        told
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("a day")
}
