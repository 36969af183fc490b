//! What a verification comes to, and the error codes that a journey's author can compare.

use clock::Timestamp;
use codes::ids::GrantId;
use codes::record::DenialReason;
use codes::user::UserId;

/// What came of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The code is right, and used up.
    Accepted {
        /// The user, from the record.
        user: UserId,
        /// The grant that the code gave.
        grant: GrantId,
        /// When the code was accepted: the same for every retry.
        at: Timestamp,
    },
    /// The code was denied.
    Rejected {
        /// Why, if the verifier says so.
        reason: Option<DenialReason>,
    },
    /// What was sent can be no identifier, or no code of the application's policy. Nothing was
    /// compared and nothing counted; it depends on what was sent and on the policy alone.
    Malformed(Vec<Malformed>),
}

/// Why a text can be no identifier or no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Which of the two.
    pub part: Part,
    /// What it must be. Never holds the text.
    pub rule: String,
}

/// The parts of an attempt that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The identifier.
    Identifier,
    /// The code.
    Code,
}

impl Part {
    /// The key of the step that says where it comes from.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Identifier => "external_user_id",
            Self::Code => "temp_code",
        }
    }
}

impl Verdict {
    /// Every code that an error can have.
    pub(crate) const ERROR_CODES: [&'static str; 10] = [
        "invalid_code",
        "burned_code",
        "locked",
        "no_code",
        "expired_code",
        "fenced_code",
        "disabled",
        "unknown_key",
        "denied",
        "superseded_code",
    ];
}

/// Why a denial came about, as a journey's author may compare it.
pub(crate) const fn error_code(reason: Option<DenialReason>) -> &'static str {
    match reason {
        Some(DenialReason::WrongCode) => Verdict::ERROR_CODES[0],
        Some(DenialReason::Burned) => Verdict::ERROR_CODES[1],
        Some(DenialReason::Locked) => Verdict::ERROR_CODES[2],
        Some(DenialReason::NoCode) => Verdict::ERROR_CODES[3],
        Some(DenialReason::Expired) => Verdict::ERROR_CODES[4],
        Some(DenialReason::Fenced) => Verdict::ERROR_CODES[5],
        Some(DenialReason::Disabled) => Verdict::ERROR_CODES[6],
        Some(DenialReason::UnknownKey) => Verdict::ERROR_CODES[7],
        Some(DenialReason::Superseded) => Verdict::ERROR_CODES[9],
        None => Verdict::ERROR_CODES[8],
    }
}
