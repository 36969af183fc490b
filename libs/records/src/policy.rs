//! An application's policy: what codes look like, how long they live, and how many guesses they
//! allow. A `Policy` value is always valid.

use std::time::Duration;

use credentials::shape::{Alphabet, Shape};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A policy as an administrator writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// The number of characters of a code: 6 to 12.
    pub length: u8,
    /// The characters that codes are made of.
    pub alphabet: Alphabet,
    /// The lifetime of a code whose issue names none.
    pub expiration: Duration,
    /// The longest lifetime that an issue may ask for.
    pub max_expiration: Duration,
    /// How long a lock lasts. Failures before a lock are counted for the same time.
    pub lockout: Duration,
    /// The number of failures after which the code is burned and the user is locked.
    pub failed_attempts: u32,
    /// The number of failures that one source may have at an unpaired code; `None` allows all of
    /// them.
    pub attempts_per_source: Option<u32>,
    /// Whether codes are tied to a journey of their user.
    pub pairing: PairingRule,
    /// How many codes may be issued for one user within an hour.
    pub issues_per_hour: u32,
    /// How many times a day an issue may override one user's lock.
    pub overrides_per_day: u32,
}

/// Whether codes are tied to a journey of their user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairingRule {
    /// Never.
    Off,
    /// Only when the issue names a pairing number.
    #[default]
    Optional,
    /// Always: unpaired codes are neither issued nor accepted.
    Required,
}

impl PairingRule {
    /// All rules.
    pub const ALL: [Self; 3] = [Self::Off, Self::Optional, Self::Required];

    /// The rule's name in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Why the policy refuses an operation because of its pairing, or for lack of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingRefusal {
    /// The policy has pairing switched off, and the operation uses it.
    Off,
    /// The policy requires pairing, and the issue names no pairing number.
    Required,
}

impl Default for PolicySettings {
    /// Six digits for five minutes; three failures lock for a quarter of an hour.
    fn default() -> Self {
        Self {
            length: 6,
            alphabet: Alphabet::Digits,
            expiration: 5 * MINUTE,
            max_expiration: DAY,
            lockout: 15 * MINUTE,
            failed_attempts: 3,
            attempts_per_source: None,
            pairing: PairingRule::default(),
            issues_per_hour: 100,
            overrides_per_day: 3,
        }
    }
}

/// Why a policy was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// See [`Shape::LENGTHS`].
    #[error("length must be from {} to {}", Shape::LENGTHS.start(), Shape::LENGTHS.end())]
    Length,
    /// Zero, or longer than the maximum.
    #[error("expiration must be from 1s to max_expiration")]
    Expiration,
    /// Over a week: no longer temporary.
    #[error("max_expiration must be from 1s to 7d")]
    MaxExpiration,
    /// Zero, or so long that an administrator would have to end it.
    #[error("lockout must be from 1s to 24h")]
    Lockout,
    /// Zero, or more than NIST SP 800-63B, section 5.2.2, allows before an account is disabled.
    #[error("failed_attempts must be from 1 to {}", Policy::CONSECUTIVE_FAILURES)]
    FailedAttempts,
    /// Zero, or more than `failed_attempts`.
    #[error("attempts_per_source must be from 1 to failed_attempts")]
    AttemptsPerSource,
    /// Zero, or more than one user's record should count.
    #[error("issues_per_hour must be from 1 to 1000")]
    IssuesPerHour,
    /// More overrides in a day than support can need.
    #[error("overrides_per_day must be at most 100")]
    OverridesPerDay,
    /// Too many attempts at codes that are too easy to guess. Without `attempts_per_source`,
    /// `check` only warns about it.
    #[error(
        "the chance that a code is guessed is more than 1 in {}: reduce failed_attempts, increase length or use alphabet base32",
        Policy::SAFE_ODDS
    )]
    Odds,
}

/// The requested lifetime is outside the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expires_in must be from {} to {} seconds", min.as_secs(), max.as_secs())]
pub struct ExpirationError {
    /// The shortest lifetime that may be requested.
    pub min: Duration,
    /// The longest lifetime that may be requested.
    pub max: Duration,
}

/// A valid policy.
///
/// ```
/// use std::time::Duration;
///
/// use records::policy::{Policy, PolicyError, PolicySettings};
///
/// let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
/// let policy = Policy::new(PolicySettings { expiration: minutes(10), ..PolicySettings::default() });
/// let policy = policy.expect("settings in their ranges");
/// assert_eq!(policy.expiration(None), Ok(minutes(10)));
/// assert!(policy.expiration(Some(Duration::ZERO)).is_err());
///
/// let refused = Policy::new(PolicySettings { length: 5, ..PolicySettings::default() });
/// assert_eq!(refused, Err(vec![PolicyError::Length]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    settings: PolicySettings,
    shape: Shape,
}

impl Policy {
    /// The consecutive failures after which only an administrator lets a user try again (NIST SP
    /// 800-63B, section 5.2.2).
    pub const CONSECUTIVE_FAILURES: u32 = 100;

    /// Where sources are limited, one code must be guessed with a probability of at most one in
    /// this number.
    pub const SAFE_ODDS: u32 = 100_000;

    /// The shortest lifetime of a code.
    pub const MIN_EXPIRATION: Duration = SECOND;

    /// Checks the settings and reports every mistake at once.
    ///
    /// # Errors
    /// One error for each setting outside its range.
    pub fn new(settings: PolicySettings) -> Result<Self, Vec<PolicyError>> {
        let shape = Shape::new(settings.length, settings.alphabet);
        let checks = [
            (shape.is_some(), PolicyError::Length),
            (
                (Self::MIN_EXPIRATION..=settings.max_expiration).contains(&settings.expiration),
                PolicyError::Expiration,
            ),
            ((SECOND..=7 * DAY).contains(&settings.max_expiration), PolicyError::MaxExpiration),
            ((SECOND..=DAY).contains(&settings.lockout), PolicyError::Lockout),
            (
                (1..=Self::CONSECUTIVE_FAILURES).contains(&settings.failed_attempts),
                PolicyError::FailedAttempts,
            ),
            (
                settings
                    .attempts_per_source
                    .is_none_or(|attempts| (1..=settings.failed_attempts).contains(&attempts)),
                PolicyError::AttemptsPerSource,
            ),
            ((1..=1000).contains(&settings.issues_per_hour), PolicyError::IssuesPerHour),
            (settings.overrides_per_day <= 100, PolicyError::OverridesPerDay),
            (
                settings.attempts_per_source.is_none()
                    || shape.is_none_or(|shape| has_safe_odds(&settings, shape)),
                PolicyError::Odds,
            ),
        ];
        let errors: Vec<_> =
            checks.into_iter().filter(|(holds, _)| !holds).map(|(_, error)| error).collect();
        match shape {
            Some(shape) if errors.is_empty() => Ok(Self { settings, shape }),
            _ => Err(errors),
        }
    }

    /// The length and the alphabet of codes.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The settings that this policy was built from.
    pub const fn settings(&self) -> &PolicySettings {
        &self.settings
    }

    /// The lifetime of a code for which `asked` was requested. A value outside the range is
    /// refused, never clamped.
    ///
    /// # Errors
    /// `asked` is outside the range, which the error names.
    pub fn expiration(&self, asked: Option<Duration>) -> Result<Duration, ExpirationError> {
        let (min, max) = (Self::MIN_EXPIRATION, self.settings.max_expiration);
        let life = asked.unwrap_or(self.settings.expiration);
        if (min..=max).contains(&life) { Ok(life) } else { Err(ExpirationError { min, max }) }
    }

    /// Checks whether the policy allows an operation that has a pairing, or that has none.
    ///
    /// # Errors
    /// Pairing is off and the operation uses it, or pairing is required and missing.
    pub const fn admit_pairing(&self, is_paired: bool) -> Result<(), PairingRefusal> {
        match (self.settings.pairing, is_paired) {
            (PairingRule::Off, true) => Err(PairingRefusal::Off),
            (PairingRule::Required, false) => Err(PairingRefusal::Required),
            (PairingRule::Off | PairingRule::Optional, false)
            | (PairingRule::Optional | PairingRule::Required, true) => Ok(()),
        }
    }

    /// The failures after which one source cannot guess at an unpaired code any more.
    pub fn attempts_per_source(&self) -> u32 {
        self.settings.attempts_per_source.unwrap_or(self.settings.failed_attempts)
    }

    /// Whether one issued code is guessed before it burns with a probability of at most one in
    /// [`Self::SAFE_ODDS`]: attempts divided by the number of codes.
    pub fn has_safe_odds(&self) -> bool {
        has_safe_odds(&self.settings, self.shape)
    }

    /// Whether anyone who knows a user's identifier can burn the user's codes from one address.
    pub fn lets_strangers_burn_codes(&self) -> bool {
        self.settings.pairing == PairingRule::Off
            && self.attempts_per_source() >= self.settings.failed_attempts
    }
}

fn has_safe_odds(settings: &PolicySettings, shape: Shape) -> bool {
    f64::from(settings.failed_attempts) * f64::from(Policy::SAFE_ODDS) <= shape.count()
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(PolicySettings::default()).expect("the default settings are valid")
    }
}

#[cfg(test)]
mod tests;
