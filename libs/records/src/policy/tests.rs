//! Tests of policies.

use super::*;

#[test]
fn every_mistake_is_reported_at_once() {
    let settings = PolicySettings {
        length: 5,
        expiration: Duration::ZERO,
        max_expiration: 8 * DAY,
        lockout: Duration::ZERO,
        failed_attempts: 101,
        attempts_per_source: Some(0),
        issues_per_hour: 0,
        overrides_per_day: 101,
        ..PolicySettings::default()
    };
    assert_eq!(Policy::new(settings).expect_err("all wrong").len(), 8);
}

#[test]
fn an_expiration_outside_the_policy_is_refused_with_both_limits() {
    let policy = Policy::default();
    assert_eq!(policy.expiration(None), Ok(5 * MINUTE));
    assert_eq!(policy.expiration(Some(DAY)), Ok(DAY));
    for asked in [Duration::ZERO, DAY + SECOND] {
        let error = policy.expiration(Some(asked)).expect_err("outside");
        assert_eq!(error.to_string(), "expires_in must be from 1 to 86400 seconds");
    }
}

fn of(failed_attempts: u32, attempts_per_source: Option<u32>) -> PolicySettings {
    PolicySettings { failed_attempts, attempts_per_source, ..PolicySettings::default() }
}

#[test]
fn attempts_of_a_source_are_some_of_the_codes() {
    for (attempts, allowed) in [(0, false), (1, true), (3, true), (4, false)] {
        let refused = Policy::new(of(3, Some(attempts))).err();
        assert_eq!(refused, (!allowed).then(|| vec![PolicyError::AttemptsPerSource]));
    }
    assert_eq!(Policy::new(of(2, None)).expect("valid").attempts_per_source(), 2);
}

#[test]
fn odds_are_a_warning_and_with_attempts_per_source_a_refusal() {
    for (failed_attempts, safe) in [(3, true), (10, true), (11, false), (30, false)] {
        let policy = Policy::new(of(failed_attempts, None)).expect("valid");
        assert_eq!(policy.has_safe_odds(), safe, "{failed_attempts}");
        let refused = Policy::new(of(failed_attempts, Some(3))).err();
        assert_eq!(refused, (!safe).then(|| vec![PolicyError::Odds]), "{failed_attempts}");
    }
    let long = PolicySettings { length: 8, alphabet: Alphabet::Base32, ..of(30, Some(3)) };
    assert!(Policy::new(long).is_ok());
}

#[test]
fn strangers_burn_codes_without_pairing_and_without_a_limit_per_source() {
    for (pairing, attempts_per_source, burn) in [
        (PairingRule::Off, None, true),
        (PairingRule::Off, Some(3), true),
        (PairingRule::Off, Some(2), false),
        (PairingRule::Optional, None, false),
        (PairingRule::Required, None, false),
    ] {
        let settings = PolicySettings { pairing, ..of(3, attempts_per_source) };
        let policy = Policy::new(settings).expect("valid");
        assert_eq!(policy.lets_strangers_burn_codes(), burn, "{policy:?}");
    }
}

#[test]
fn a_policy_admits_the_pairing_that_it_has() {
    use PairingRefusal::{Off, Required};
    for (pairing, unpaired, paired) in [
        (PairingRule::Off, Ok(()), Err(Off)),
        (PairingRule::Optional, Ok(()), Ok(())),
        (PairingRule::Required, Err(Required), Ok(())),
    ] {
        let settings = PolicySettings { pairing, ..PolicySettings::default() };
        let policy = Policy::new(settings).expect("valid");
        assert_eq!(policy.admit_pairing(false), unpaired, "{pairing:?}");
        assert_eq!(policy.admit_pairing(true), paired, "{pairing:?}");
    }
}
