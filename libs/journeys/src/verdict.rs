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
    /// The code is right, and is consumed now.
    Accepted {
        /// The user, from the code's record.
        user: UserId,
        /// The grant of the code.
        grant: GrantId,
        /// When the code was accepted: the same for every retry.
        at: Timestamp,
    },
    /// The code was denied.
    Rejected {
        /// The reason, if the verifier tells it.
        reason: Option<DenialReason>,
    },
    /// The identifier or the code has a form that the application's policy excludes. Nothing was
    /// compared or counted. It depends on the input and the policy, never on a user.
    Malformed(Vec<Malformed>),
}

/// The outcome of a pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairVerdict {
    /// The journey has this number: the same as before, while that is valid.
    Paired {
        /// The number that the user reads to support.
        number: PairingNumber,
        /// The number is refused from this time on.
        expires_at: Timestamp,
    },
    /// The user has too many open numbers from this address.
    TooMany,
    /// The identifier is malformed. It depends on the input alone.
    Malformed(Vec<Malformed>),
}

/// Why an identifier or a code is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Which of them.
    pub part: Part,
    /// The rule that it breaks. Never contains the text.
    pub rule: String,
}
