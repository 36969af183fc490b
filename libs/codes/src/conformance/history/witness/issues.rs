//! Issued codes and pairing numbers.

use std::time::Duration;

use clock::{Clock as _, Timestamp};

use super::super::outcomes::Kind;
use super::super::{ISSUES_PER_HOUR, Issued};
use super::{Witness, lockout};
use crate::conformance::{World, keyed};
use crate::issuer::{Issuance, IssueRequest, IssuedCode};
use crate::pairing::PairingNumber;
use crate::record::{CodeState, Lockout, PairOutcome, REPLAY_WINDOW};

impl Witness {
    /// A journey keeps its number while that is valid.
    pub(in super::super) async fn pair(&mut self, world: &World) {
        let now = world.bench.clock.now();
        let paired = world.pair(&self.user, self.journey).await;
        let PairOutcome::Paired { number, expires_at } = paired else { panic!("{paired:?}") };
        match &self.number {
            Some((known, until)) if now < *until => {
                assert_eq!((&number, expires_at), (known, *until));
            }
            _ => assert_eq!(expires_at, now + Duration::from_secs(600)),
        }
        self.number = Some((number, expires_at));
    }

    pub(in super::super) async fn withdraw(&mut self, world: &World) {
        world.withdraw(&self.user, self.journey).await;
        if let Some((_, until)) = &mut self.number {
            *until = Timestamp::default();
        }
    }

    /// I4, I5: the code is new, and only an override lowers a count.
    pub(in super::super) async fn issue(
        &mut self,
        world: &World,
        what: Issued,
        key: &str,
        promotions: u32,
    ) {
        let now = world.bench.clock.now();
        let before = world.describe(&self.user).await;
        let (is_paired, forced) = (what.is_paired, what.is_forced);
        let pairing = is_paired.then(|| self.any_number());
        let request = IssueRequest { override_lockout: forced, pairing, ..keyed(&self.user, key) };
        let issuance = world.ask_checked(request.clone()).await;
        let after = world.describe(&self.user).await;
        if self.is_blocked_issuance(world, &issuance) {
            assert_eq!(after, before);
            return;
        }
        self.last_issue = Some((now, request));
        let is_waiting = self.number.as_ref().is_some_and(|(_, until)| now < *until);
        let is_lost = matches!(issuance, Issuance::PairingNotFound);
        assert_eq!(is_lost, is_paired && !is_waiting);
        assert_eq!(lockout(&after, !is_paired), lockout(&before, !is_paired), "the other kind");
        let (counted, left) = (lockout(&before, is_paired), lockout(&after, is_paired));
        if let Issuance::Issued(issued) = issuance {
            assert_eq!(issued.paired, is_paired);
            assert!(!counted.disabled && (forced || counted.locked_until.is_none()));
            let unlocked =
                Lockout { failures: 0, window_ends_at: None, locked_until: None, ..counted };
            let is_overridden = counted.locked_until.is_some();
            assert_eq!(left, if is_overridden { unlocked } else { counted }, "I5");
            assert!(self.behind.insert(issued.code_id.clone(), promotions).is_none());
            let was_live = before.code.is_some_and(|code| code.state == CodeState::Active);
            let latest = self.codes.last().filter(|_| was_live);
            self.replaced = latest.map(|code| code.code.expose().to_owned());
            self.outcomes.add(Some(key), Kind::Issue, now);
            self.handed_out(issued, now);
        } else {
            self.is_refused_for_its_reason(&issuance, now);
            assert_eq!(after, before);
        }
    }

    /// The journey's latest number, or one that is not open.
    fn any_number(&self) -> PairingNumber {
        let known = self.number.as_ref().map(|(number, _)| number.clone());
        known.unwrap_or_else(|| PairingNumber::parse("00000000").expect("a number"))
    }

    /// I4, I8, I17: a live code gets another text and counts again; any other code stays as it is.
    pub(in super::super) async fn reissue(&mut self, world: &World, promotions: u32) {
        let now = world.bench.clock.now();
        let Some((at, request)) = self.last_issue.clone() else { return };
        let key = request.idempotency_key.as_ref().map_or("", |key| key.as_str());
        if now.since(at) >= REPLAY_WINDOW || !self.outcomes.knows(key, now) {
            return;
        }
        let before = world.describe(&self.user).await;
        let issuance = world.ask_checked(request).await;
        if self.is_blocked_issuance(world, &issuance) {
            assert_eq!(world.describe(&self.user).await, before);
            return;
        }
        let is_live = before.code.as_ref().is_some_and(|code| {
            code.state == CodeState::Active && self.behind.get(&code.id) == Some(&promotions)
        });
        if let Issuance::Issued(issued) = issuance {
            let previous = self.codes.last().expect("a code was issued");
            assert!(is_live && issued.code_id == previous.code_id, "I17");
            self.replaced = Some(previous.code.expose().to_owned());
            self.handed_out(issued, now);
        } else {
            assert_eq!(matches!(issuance, Issuance::Conflict), !is_live, "{issuance:?}");
            self.is_refused_for_its_reason(&issuance, now);
        }
        assert_eq!(world.describe(&self.user).await, before);
    }

    /// T-G6: no hour has more codes than its quota.
    fn handed_out(&mut self, issued: IssuedCode, now: Timestamp) {
        if now >= self.hour.0 {
            self.hour = (now + Duration::from_secs(60 * 60), 0);
        }
        self.hour.1 += 1;
        assert!(self.hour.1 <= ISSUES_PER_HOUR, "T-G6");
        self.codes.push(issued);
    }

    fn is_refused_for_its_reason(&self, refused: &Issuance, now: Timestamp) {
        if let Issuance::QuotaExceeded(after) = refused {
            assert_eq!(self.hour, (now + *after, ISSUES_PER_HOUR), "T-G6");
        }
    }
}
