//! Guesses, and what each of them may change.

use clock::{Clock as _, Timestamp};

use super::super::outcomes::Kind;
use super::super::{ATTEMPTS_PER_SOURCE, Spot};
use super::retries::{Outcome, What};
use super::{Witness, lockout};
use crate::conformance::{Place, World};
use crate::ids::CodeId;
use crate::policy::Policy;
use crate::record::{CodeDescription, CodeState, Denial, DenialReason, Description, Lockout};
use crate::verifier::Verification;

/// One guess, and the user's record before and after it.
struct Seen<'a> {
    guess: &'a str,
    place: Place,
    before: &'a Description,
    after: &'a Description,
}

impl Seen<'_> {
    /// Whether the guess is at a code that is or was paired.
    fn is_paired(&self) -> bool {
        self.before.code.as_ref().is_some_and(|code| code.paired)
    }

    fn lockout(&self) -> Lockout {
        lockout(self.before, self.is_paired())
    }
}

impl Witness {
    /// I1 to I4, I6, I7, I11, I27, I29.
    pub(in super::super) async fn attempt(
        &mut self,
        world: &World,
        guess: &str,
        spot: Spot,
        key: &str,
        promotions: u32,
    ) {
        let now = world.bench.clock.now();
        let place = self.place(spot);
        let before = world.describe(&self.user).await;
        let verification = world.try_verify_from(place, &self.user, guess, Some(key)).await;
        let verification = verification.expect("the store answers");
        let after = world.describe(&self.user).await;
        if self.is_blocked_guess(world, &verification) {
            assert_eq!(after, before, "I7");
            return;
        }
        let seen = Seen { guess, place, before: &before, after: &after };
        match &verification {
            Verification::Accepted { code_id, .. } => {
                self.is_the_one_success(code_id, &seen, now);
                assert_eq!(self.behind.get(code_id), Some(&promotions), "I11");
                self.outcomes.add(Some(key), Kind::Acceptance, now);
            }
            Verification::Denied(denial) => {
                let is_late = self.is_compared_late(&seen, promotions);
                let is_right = self.codes.last().is_some_and(|code| code.code.expose() == guess);
                match (denial.reason, is_late) {
                    (DenialReason::Expired, late) => assert!(late && is_right, "I2"),
                    (DenialReason::NoCode, true) => {
                        assert!(!is_right, "the right code is told that it expired");
                        self.has_compared(&seen);
                        self.outcomes.add(Some(key), Kind::Denial, now);
                    }
                    (_, _) => {}
                }
                self.is_a_fair_denial(*denial, &seen, is_late);
                if is_remembered(*denial) {
                    self.outcomes.add(Some(key), Kind::Denial, now);
                }
            }
            Verification::Conflict => panic!("the key is new"),
        }
        self.sent(
            world,
            key,
            What::Guess(guess.to_owned(), place),
            Outcome::Verified(verification),
        );
    }

    /// Whether a guess is compared with an expired code.
    fn is_compared_late(&self, seen: &Seen<'_>, promotions: u32) -> bool {
        let is_barred = seen.lockout().locked_until.is_some() || seen.lockout().disabled;
        seen.before.code.as_ref().is_some_and(|code| {
            let compared = self.compared.get(&code.id).copied().unwrap_or_default();
            code.state == CodeState::Expired
                && !is_barred
                && self.is_admitted(code, seen.place)
                && self.behind.get(&code.id) == Some(&promotions)
                && compared < Policy::default().settings().failed_attempts
        })
    }

    /// Whether a guess from that journey and source may be compared with the code.
    fn is_admitted(&self, code: &CodeDescription, place: Place) -> bool {
        if code.paired {
            return place.binding == self.journey.binding;
        }
        let failed = self.by_source.get(&(code.id.clone(), place.source)).copied();
        failed.unwrap_or_default() < ATTEMPTS_PER_SOURCE
    }

    /// I2, I27, I29.
    fn has_compared(&mut self, seen: &Seen<'_>) {
        let code = seen.before.code.as_ref().expect("I7: only a code is compared against");
        assert!(self.is_admitted(code, seen.place), "I27, I29");
        let compared = self.compared.entry(code.id.clone()).or_default();
        *compared += 1;
        assert!(*compared <= Policy::default().settings().failed_attempts, "I2");
        *self.by_source.entry((code.id.clone(), seen.place.source)).or_default() += 1;
    }

    fn is_the_one_success(&mut self, id: &CodeId, seen: &Seen<'_>, now: Timestamp) {
        let latest = self.codes.last().expect("a code was issued");
        assert_eq!((id, seen.guess), (&latest.code_id, latest.code.expose()), "I4");
        assert!(now < latest.expires_at, "I3");
        assert!(self.spent.insert(id.clone()), "I1");
        let code = seen.before.code.as_ref().expect("it was described");
        assert!(self.is_admitted(code, seen.place), "I27, I29");
        let lockout = seen.lockout();
        assert!(lockout.locked_until.is_none() && !lockout.disabled, "I6, I21");
    }

    fn is_a_fair_denial(&mut self, denial: Denial, seen: &Seen<'_>, is_late: bool) {
        let Seen { guess, place, before, after } = *seen;
        let is_paired = seen.is_paired();
        assert_eq!(lockout(after, !is_paired), lockout(before, !is_paired), "the other kind");
        match denial.reason {
            DenialReason::WrongCode | DenialReason::Superseded | DenialReason::Burned => {
                self.has_compared(seen);
                let failures = lockout(after, is_paired).failures;
                assert_eq!(failures, seen.lockout().failures + 1);
                if denial.reason != DenialReason::Burned {
                    let was_replaced = self.replaced.as_deref() == Some(guess);
                    assert_eq!(denial.reason == DenialReason::Superseded, was_replaced);
                }
            }
            DenialReason::Fenced => assert_eq!(after.lockout, before.lockout),
            DenialReason::Locked => {
                assert_eq!(denial.locked_until, seen.lockout().locked_until, "I6");
                assert_eq!(after, before, "I6");
            }
            DenialReason::NotPaired => {
                assert!(is_paired && place.binding != self.journey.binding, "I27");
                assert_eq!(after, before, "I7");
            }
            DenialReason::SourceExhausted => {
                let code = before.code.as_ref().expect("only a code has sources");
                assert!(!is_paired && !self.is_admitted(code, place), "I29");
                assert_eq!(after, before, "I7");
            }
            // The last attempt of a source shows in the record even if the code has expired.
            DenialReason::NoCode if is_late => assert_eq!(after.lockout, before.lockout),
            DenialReason::NoCode
            | DenialReason::Expired
            | DenialReason::Disabled
            | DenialReason::UnknownKey
            | DenialReason::Blocked => assert_eq!(after, before, "I7"),
        }
    }
}

/// Denials that had an effect on a live code.
fn is_remembered(denial: Denial) -> bool {
    matches!(
        denial.reason,
        DenialReason::WrongCode
            | DenialReason::Superseded
            | DenialReason::Burned
            | DenialReason::Fenced
    )
}
