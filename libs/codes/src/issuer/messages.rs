//! What a help desk asks of the issuer, and what it is told.

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
    /// Whom the code is for.
    pub user: Identifier,
    /// The number of the journey that the code is for; without one, the code is unpaired.
    pub pairing: Option<PairingNumber>,
    /// How long it lives; the policy's default if not given.
    pub expires_in: Option<Duration>,
    /// What the caller says about it.
    pub context: Context,
    /// The caller's name for the operation.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Whether to issue although the user is locked; the caller's right to it is checked before.
    pub override_lockout: bool,
}

/// The outcome of a request for a code.
#[derive(Debug)]
pub enum Issuance {
    /// The code, for this once.
    Issued(IssuedCode),
    /// The asked life lies outside the policy, or the code would outlive the journey.
    ExpirationRefused(ExpirationError),
    /// The directory does not know this identifier.
    UnknownUser,
    /// The policy refuses the request with or without a pairing number.
    PairingRefused(PairingRefusal),
    /// No journey of the user waits under the pairing number.
    PairingNotFound,
    /// The user is locked until then.
    Locked(Timestamp),
    /// Too many consecutive failures; an administrator must act.
    Disabled,
    /// The hour's codes for this user are used up; more can be had after this time.
    QuotaExceeded(Duration),
    /// The day's overrides for this user are used up; more can be had after this time.
    OverrideQuotaExceeded(Duration),
    /// The idempotency key stood for another request, or its code is no longer active.
    Conflict,
}

/// A code and what to know about it.
#[derive(Debug)]
pub struct IssuedCode {
    /// The code in clear.
    pub code: TempCode,
    /// Its id.
    pub code_id: CodeId,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// How many wrong guesses it stands.
    pub attempts_allowed: u32,
    /// Whether it works only in the journey that was named.
    pub paired: bool,
}

/// Which code to revoke.
#[derive(Clone, Debug)]
pub enum RevokeTarget {
    /// The code of that id.
    Code(CodeId),
    /// The user's live code.
    User(Identifier),
}

/// A request to revoke a code.
#[derive(Clone, Debug)]
pub struct RevokeRequest {
    /// Which one.
    pub target: RevokeTarget,
    /// What the caller says about it.
    pub context: Context,
    /// The caller's name for the operation.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The outcome of a request to revoke a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The code is revoked.
    Revoked,
    /// The code was redeemed, or may have been: what was minted for it is inactive.
    GrantRevoked,
    /// There was neither a live code nor a redeemed one.
    NothingLive,
    /// The idempotency key stood for another request; nothing was revoked.
    Conflict,
}
