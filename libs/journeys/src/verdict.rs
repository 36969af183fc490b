//! The outcomes of verifications and pairings.

use clock::Timestamp;
use codes::ids::GrantId;
use codes::pairing::PairingNumber;
use codes::record::DenialReason;
use codes::user::UserId;
use definitions::Part;

/// The outcome of a verification.
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

/// The outcome of a pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairVerdict {
    /// The journey has this number: the same as before while it lives.
    Paired {
        /// The number that the user reads to support.
        number: PairingNumber,
        /// From when on support cannot use it.
        expires_at: Timestamp,
    },
    /// Too many numbers are open for the user from this address.
    TooMany,
    /// What was sent can be no identifier. It depends on what was sent alone.
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
