//! One user's part of a history, and the invariants that every step of it must keep.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use clock::{Clock as _, Timestamp};

use super::outcomes::{Kind, Outcomes};
use super::{ISSUES_PER_HOUR, Op, Sight};
use crate::conformance::{World, keyed, wrong};
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
    /// The code that the present one replaced, if it was live.
    replaced: Option<String>,
    compared: HashMap<CodeId, u32>,
    spent: HashSet<CodeId>,
    /// When the hour's window of codes ends, and how many there were in it.
    hour: (Timestamp, u32),
    outcomes: Outcomes,
    last_issue: Option<(Timestamp, IssueRequest)>,
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
            replaced: None,
            compared: HashMap::new(),
            spent: HashSet::new(),
            hour: (Timestamp::default(), 0),
            outcomes: Outcomes::default(),
            last_issue: None,
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
    pub(super) async fn issue(&mut self, world: &World, forced: bool, key: &str, promotions: u32) {
        let now = world.bench.clock.now();
        let before = world.describe(&self.user).await;
        let request = IssueRequest { override_lockout: forced, ..keyed(&self.user, key) };
        let issuance = world.ask(request.clone()).await;
        self.last_issue = Some((now, request));
        let after = world.describe(&self.user).await.lockout;
        let Description { code, lockout: before, .. } = before;
        assert_eq!(
            (after.failures, after.consecutive_failures, after.disabled),
            (before.failures, before.consecutive_failures, before.disabled),
        );
        if let Issuance::Issued(issued) = issuance {
            assert!(!before.disabled && (forced || before.locked_until.is_none()));
            assert!(self.behind.insert(issued.code_id.clone(), promotions).is_none());
            let was_live = code.is_some_and(|code| code.state == CodeState::Active);
            let latest = self.codes.last().filter(|_| was_live);
            self.replaced = latest.map(|code| code.code.expose().to_owned());
            self.outcomes.add(Some(key), Kind::Issue, now);
            self.handed_out(issued, now);
        } else {
            self.is_refused_for_its_reason(&issuance, now);
            assert_eq!(after, before);
        }
    }

    /// I4, I8, I17: the same code gets another text while it lives, and counts again; no other does.
    pub(super) async fn reissue(&mut self, world: &World, promotions: u32) {
        let now = world.bench.clock.now();
        let Some((at, request)) = self.last_issue.clone() else { return };
        let key = request.idempotency_key.as_ref().map_or("", |key| key.as_str());
        if now.since(at) >= REPLAY_WINDOW || !self.outcomes.knows(key, now) {
            return;
        }
        let before = world.describe(&self.user).await;
        let issuance = world.ask(request).await;
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

    /// T-G6: no hour's window has more codes than it may.
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

    /// I1, I2, I3, I4, I6, I7, I11.
    pub(super) async fn attempt(&mut self, world: &World, guess: &str, key: &str, promotions: u32) {
        let now = world.bench.clock.now();
        let before = world.describe(&self.user).await;
        let verification = world.verify_as(&self.user, guess, Some(key)).await;
        let after = world.describe(&self.user).await;
        match &verification {
            Verification::Accepted { code_id, .. } => {
                self.is_the_one_success(code_id, guess, &before, now);
                assert_eq!(self.behind.get(code_id), Some(&promotions), "I11");
                self.outcomes.add(Some(key), Kind::Acceptance, now);
            }
            Verification::Denied(denial) => {
                let is_late = self.is_compared_late(&before, promotions);
                let is_right = self.codes.last().is_some_and(|code| code.code.expose() == guess);
                match (denial.reason, is_late) {
                    (DenialReason::Expired, late) => assert!(late && is_right, "I2"),
                    (DenialReason::NoCode, true) => {
                        assert!(!is_right, "the right code is told that it expired");
                        self.has_compared(&before);
                        self.outcomes.add(Some(key), Kind::Denial, now);
                    }
                    (_, _) => {}
                }
                self.is_a_fair_denial(*denial, guess, &before, &after);
                if is_remembered(*denial) {
                    self.outcomes.add(Some(key), Kind::Denial, now);
                }
            }
            Verification::Conflict => panic!("the key is new"),
        }
        let outcome = Outcome::Verified(verification);
        self.sent(world, key, What::Guess(guess.to_owned()), outcome);
    }

    /// Whether a guess is compared with a code after its end.
    fn is_compared_late(&self, before: &Description, promotions: u32) -> bool {
        let is_barred = before.lockout.locked_until.is_some() || before.lockout.disabled;
        before.code.as_ref().is_some_and(|code| {
            let compared = self.compared.get(&code.id).copied().unwrap_or_default();
            code.state == CodeState::Expired
                && !is_barred
                && self.behind.get(&code.id) == Some(&promotions)
                && compared < Policy::default().settings().failed_attempts
        })
    }

    /// I2.
    fn has_compared(&mut self, before: &Description) {
        let code = before.code.as_ref().expect("I7: only a code is compared against");
        let compared = self.compared.entry(code.id.clone()).or_default();
        *compared += 1;
        assert!(*compared <= Policy::default().settings().failed_attempts, "I2");
    }

    fn sent(&mut self, world: &World, key: &str, what: What, outcome: Outcome) {
        let at = world.bench.clock.now();
        self.last = Some(Sent { at, key: key.to_owned(), what, outcome });
    }

    async fn send(&self, world: &World, what: &What, key: &str) -> Outcome {
        send(world, &self.user, what, key).await
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

    fn is_a_fair_denial(
        &mut self,
        denial: Denial,
        guess: &str,
        before: &Description,
        after: &Description,
    ) {
        match denial.reason {
            DenialReason::WrongCode | DenialReason::Superseded | DenialReason::Burned => {
                self.has_compared(before);
                assert_eq!(after.lockout.failures, before.lockout.failures + 1);
                if denial.reason != DenialReason::Burned {
                    let was_replaced = self.replaced.as_deref() == Some(guess);
                    assert_eq!(denial.reason == DenialReason::Superseded, was_replaced);
                }
            }
            DenialReason::Fenced => assert_eq!(after.lockout, before.lockout),
            DenialReason::Locked => {
                assert_eq!(denial.locked_until, before.lockout.locked_until, "I6");
                assert_eq!(after, before, "I6");
            }
            DenialReason::NoCode
            | DenialReason::Expired
            | DenialReason::Disabled
            | DenialReason::UnknownKey
            | DenialReason::NotPaired
            | DenialReason::SourceExhausted => assert_eq!(after, before, "I7"),
        }
    }

    /// I8: within the replay window whatever is remembered has the same outcome again, and no further
    /// effect.
    pub(super) async fn retry(&mut self, world: &World) {
        let now = world.bench.clock.now();
        let Some(Sent { key, what, outcome, .. }) = self.claimed(world) else { return };
        if !is_idle(outcome) && !self.outcomes.knows(key, now) {
            return;
        }
        let before = world.describe(&self.user).await;
        assert_eq!(self.send(world, what, key).await, *outcome, "I8");
        assert_eq!(world.describe(&self.user).await, before, "I8");
    }

    /// I8: the same key with another request is not compared and has no effect, whatever it asks for
    /// and whoever it is about.
    pub(super) async fn reuse(&mut self, world: &World) {
        let Some(Sent { key, what, .. }) = self.claimed(world) else { return };
        let before = world.describe(&self.user).await;
        let sent_before = |guess: &str| matches!(what, What::Guess(sent) if sent == guess);
        let guess = if sent_before("999999") { "000000" } else { "999999" };
        let guess = What::Guess(guess.to_owned());
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
        let outcome = send(world, &world.stranger(), what, key).await;
        assert!(is_conflict(&outcome), "I8, another user: {outcome:?}");
    }

    /// What was sent last, while its key stands for it.
    fn claimed(&self, world: &World) -> Option<&Sent> {
        let now = world.bench.clock.now();
        self.last.as_ref().filter(|last| now.since(last.at) < REPLAY_WINDOW)
    }

    pub(super) async fn revoke(&mut self, world: &World, key: Option<&str>) {
        let before = world.describe(&self.user).await;
        let target = RevokeTarget::User(self.user.clone());
        let revocation = world.revoke_as(target, key).await;
        match revocation {
            Revocation::Revoked => {
                let code = self.codes.last().expect("only an issued code is revoked");
                self.spent.insert(code.code_id.clone());
                self.outcomes.add(key, Kind::Change, world.bench.clock.now());
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
        if before != lockout {
            self.outcomes.add(key, Kind::Change, world.bench.clock.now());
        }
        if let Some(key) = key {
            self.sent(world, key, What::Clearing, Outcome::Cleared(clearance));
        }
    }

    /// I17: what is spent never becomes active again.
    pub(super) async fn look(&self, world: &World) -> Sight {
        let Description { code, lockout, .. } = world.describe(&self.user).await;
        if let Some(code) = &code {
            assert!(!(self.spent.contains(&code.id) && code.state == CodeState::Active), "I17");
        }
        Sight { code: code.map(|code| (code.state, code.issued_at, code.expires_at)), lockout }
    }
}

async fn send(world: &World, user: &Identifier, what: &What, key: &str) -> Outcome {
    let key = Some(key);
    match what {
        What::Guess(guess) => Outcome::Verified(world.verify_as(user, guess, key).await),
        What::Revocation => {
            Outcome::Revoked(world.revoke_as(RevokeTarget::User(user.clone()), key).await)
        }
        What::Clearing => Outcome::Cleared(world.clear_as(user, key).await),
    }
}

/// Denials that took effect on a live code.
fn is_remembered(denial: Denial) -> bool {
    matches!(
        denial.reason,
        DenialReason::WrongCode
            | DenialReason::Superseded
            | DenialReason::Burned
            | DenialReason::Fenced
    )
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
