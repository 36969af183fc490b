//! The requests and outcomes of the issuer.

use std::time::Duration;

use clock::Timestamp;

use crate::audit::Context;
use crate::code::TempCode;
use crate::ids::{CodeId, IdempotencyKey};
use crate::pairing::PairingNumber;
use crate::policy::{ExpirationError, PairingRefusal};
use crate::user::Identifier;

/// A request for a code.
#[derive(Clone, Debug)]
pub struct IssueRequest {
    /// The user of the code.
    pub user: Identifier,
    /// The pairing number of the journey that the code is for; without one, the code is unpaired.
    pub pairing: Option<PairingNumber>,
    /// The code's lifetime; `None` uses the policy's default.
    pub expires_in: Option<Duration>,
    /// What the caller says about it, for the audit trail.
    pub context: Context,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Whether to issue if the user is locked. The caller's right to do so has been checked before.
    pub override_lockout: bool,
}

/// The outcome of a request for a code.
#[derive(Debug)]
pub enum Issuance {
    /// The code. It is returned only once.
    Issued(IssuedCode),
    /// The requested lifetime is outside the policy, or ends after the journey.
    ExpirationRefused(ExpirationError),
    /// The directory does not know this identifier.
    UnknownUser,
    /// The policy requires pairing and the request has no number, or the other way round.
    PairingRefused(PairingRefusal),
    /// The user has no open pairing with that number.
    PairingNotFound,
    /// The user is locked until this time.
    Locked(Timestamp),
    /// The user repudiated a code: nothing is issued until this time.
    Blocked(Timestamp),
    /// The user has too many consecutive failures; an administrator must act.
    Disabled,
    /// The hour's quota of codes for this user is used up; it is renewed after this time.
    QuotaExceeded(Duration),
    /// The day's quota of overrides for this user is used up; it is renewed after this time.
    OverrideQuotaExceeded(Duration),
    /// The idempotency key belongs to another request, or its code is no longer active.
    Conflict,
}

/// A new code.
#[derive(Debug)]
pub struct IssuedCode {
    /// The code in clear.
    pub code: TempCode,
    /// Its id.
    pub code_id: CodeId,
    /// The code is refused from this time on.
    pub expires_at: Timestamp,
    /// How many wrong guesses the code allows.
    pub attempts_allowed: u32,
    /// Whether the code works only in the named journey.
    pub paired: bool,
}

/// Which code to revoke.
#[derive(Clone, Debug)]
pub enum RevokeTarget {
    /// The code with that ID.
    Code(CodeId),
    /// The user's live code.
    User(Identifier),
}

/// A request to revoke a code.
#[derive(Clone, Debug)]
pub struct RevokeRequest {
    /// The code.
    pub target: RevokeTarget,
    /// What the caller says about it, for the audit trail.
    pub context: Context,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The outcome of a request to revoke a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The code is revoked.
    Revoked,
    /// The code was or may have been redeemed: the tokens minted for it are inactive now.
    GrantRevoked,
    /// There was no live and no redeemed code.
    NothingLive,
    /// The idempotency key belongs to another request; nothing was revoked.
    Conflict,
}
