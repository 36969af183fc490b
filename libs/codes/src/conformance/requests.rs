//! Requests of the cases, and what their answers say.

use crate::audit::Context;
use crate::ids::IdempotencyKey;
use crate::issuer::{Issuance, IssueRequest, IssuedCode};
use crate::record::{Denial, DenialReason};
use crate::user::{Identifier, IdentifierType};
use crate::verifier::Verification;

/// The user of that id.
pub fn user(id: &str) -> Identifier {
    Identifier::parse(IdentifierType::UserId, id).expect("valid")
}

/// A plain request for a code.
pub fn request(user: &Identifier) -> IssueRequest {
    IssueRequest {
        user: user.clone(),
        pairing: None,
        expires_in: None,
        context: Context::default(),
        idempotency_key: None,
        override_lockout: false,
    }
}

/// A request for a code under an idempotency key.
pub fn keyed(user: &Identifier, key: &str) -> IssueRequest {
    IssueRequest { idempotency_key: Some(idempotency_key(key)), ..request(user) }
}

/// An idempotency key of that text.
pub(super) fn idempotency_key(key: &str) -> IdempotencyKey {
    IdempotencyKey::parse(key).expect("valid")
}

/// The code of an issuance. Panics if there is none.
pub fn granted(issuance: Issuance) -> IssuedCode {
    match issuance {
        Issuance::Issued(code) => code,
        refused => panic!("no code was issued: {refused:?}"),
    }
}

/// A guess that is not this code.
pub fn wrong(code: &IssuedCode) -> String {
    let first = code.code.expose().as_bytes()[0];
    let other = if first == b'0' { '1' } else { '0' };
    format!("{other}{}", &code.code.expose()[1..])
}

/// The reason of a denial.
pub fn reason(verification: &Verification) -> DenialReason {
    match verification {
        Verification::Denied(Denial { reason, .. }) => *reason,
        other => panic!("no denial: {other:?}"),
    }
}

/// Whether a verification was accepted.
pub fn accepted(verification: &Verification) -> bool {
    matches!(verification, Verification::Accepted { .. })
}
