//! `VerifierService`: parses requests and writes replies.

use codes::audit::Context;
use codes::record::{Cleared, Denial, DenialReason, Lockout};
use codes::shape::Shape;
use codes::user::Identifier;
use codes::verifier::{ClearRequest, Clearance, Lockouts, Verification, VerifyRequest};

use crate::code::v1 as pb;
use crate::error::Fault;
use crate::time::to_wire;
use crate::violations::Violations;

/// Parses an attempt to redeem a code of that shape. The answer depends on the request and the
/// shape only.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_verify(
    mut request: pb::VerifyCodeRequest,
    shape: Shape,
) -> Result<VerifyRequest, Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let code = violations.guess("code", shape, &request.code);
    let context = request.context.take().unwrap_or_default();
    let mut short = |field, text| violations.text(field, text, Violations::SHORT_TEXT);
    let correlation_id = short("context.correlation_id", context.correlation_id);
    let journey_id = short("context.journey_id", context.journey_id);
    let source = violations.address("context.source_address", &context.source_address);
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    // Empty: the attempt does not come from a paired journey.
    let binding = match &request.binding[..] {
        [] => Ok(None),
        bytes => violations.binding("binding", bytes).map(Some),
    };
    let (
        Ok(user),
        Ok(code),
        Ok(correlation_id),
        Ok(journey_id),
        Ok(source),
        Ok(idempotency_key),
        Ok(binding),
    ) = (user, code, correlation_id, journey_id, source, key, binding)
    else {
        return Err(violations.into());
    };
    let context = Context { correlation_id, journey_id, source, ..Context::default() };
    Ok(VerifyRequest { user, code, binding, context, idempotency_key })
}

/// Writes the outcome of an attempt. The reason of a denial is written only if `reasons` is set.
///
/// # Errors
/// [`Fault::IdempotencyConflict`] if the key belongs to another request and `reasons` is set.
pub fn from_verification(
    verification: Verification,
    reasons: bool,
) -> Result<pb::VerifyCodeResponse, Fault> {
    use pb::verify_code_response::Outcome;
    let outcome = match verification {
        Verification::Accepted { grant_id, code_id, user_id, at } => {
            Outcome::Accepted(pb::Accepted {
                grant_id: grant_id.to_string(),
                code_id: code_id.to_string(),
                user_id: user_id.as_str().to_owned(),
                accepted_at: Some(to_wire(at)),
            })
        }
        Verification::Denied(denial) if reasons => Outcome::Rejected(from_denial(denial)),
        Verification::Conflict if reasons => return Err(Fault::IdempotencyConflict),
        // A conflict only exists for a user with a live code, so it looks like any denial.
        Verification::Denied(_) | Verification::Conflict => {
            Outcome::Rejected(pb::Rejected::default())
        }
    };
    Ok(pb::VerifyCodeResponse { outcome: Some(outcome) })
}

fn from_denial(Denial { reason, locked_until }: Denial) -> pb::Rejected {
    pb::Rejected { reason: from_reason(reason).into(), locked_until: locked_until.map(to_wire) }
}

/// Writes the reason of a denial.
pub const fn from_reason(reason: DenialReason) -> pb::RejectionReason {
    match reason {
        DenialReason::WrongCode => pb::RejectionReason::WrongCode,
        DenialReason::Superseded => pb::RejectionReason::Superseded,
        DenialReason::Burned => pb::RejectionReason::Burned,
        DenialReason::Locked => pb::RejectionReason::Locked,
        DenialReason::NoCode => pb::RejectionReason::NoCode,
        DenialReason::Expired => pb::RejectionReason::Expired,
        DenialReason::Fenced => pb::RejectionReason::Fenced,
        DenialReason::Disabled => pb::RejectionReason::Disabled,
        DenialReason::UnknownKey => pb::RejectionReason::UnknownKey,
        DenialReason::NotPaired => pb::RejectionReason::NotPaired,
        DenialReason::SourceExhausted => pb::RejectionReason::SourceExhausted,
        DenialReason::Blocked => pb::RejectionReason::Blocked,
    }
}

/// Parses the reason of a denial; `None` if it is missing or unknown, as from a newer verifier.
pub fn to_reason(reason: i32) -> Option<DenialReason> {
    match pb::RejectionReason::try_from(reason).ok()? {
        pb::RejectionReason::Unspecified => None,
        pb::RejectionReason::WrongCode => Some(DenialReason::WrongCode),
        pb::RejectionReason::Superseded => Some(DenialReason::Superseded),
        pb::RejectionReason::Burned => Some(DenialReason::Burned),
        pb::RejectionReason::Locked => Some(DenialReason::Locked),
        pb::RejectionReason::NoCode => Some(DenialReason::NoCode),
        pb::RejectionReason::Expired => Some(DenialReason::Expired),
        pb::RejectionReason::Fenced => Some(DenialReason::Fenced),
        pb::RejectionReason::Disabled => Some(DenialReason::Disabled),
        pb::RejectionReason::UnknownKey => Some(DenialReason::UnknownKey),
        pb::RejectionReason::NotPaired => Some(DenialReason::NotPaired),
        pb::RejectionReason::SourceExhausted => Some(DenialReason::SourceExhausted),
        pb::RejectionReason::Blocked => Some(DenialReason::Blocked),
    }
}

/// Parses a request to describe a lockout.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_describe(request: &pb::DescribeLockoutRequest) -> Result<Identifier, Fault> {
    let mut violations = Violations::default();
    violations.user("user", request.user.as_ref()).map_err(|_| violations.into())
}

/// Writes a user's failures and locks.
pub fn from_lockouts(Lockouts { unpaired, paired }: Lockouts) -> pb::DescribeLockoutResponse {
    pb::DescribeLockoutResponse {
        failures: unpaired.failures,
        window_ends_at: unpaired.window_ends_at.map(to_wire),
        locked_until: unpaired.locked_until.map(to_wire),
        consecutive_failures: unpaired.consecutive_failures,
        disabled: unpaired.disabled,
        paired: (paired != Lockout::default()).then(|| pb::PairedLockout {
            failures: paired.failures,
            window_ends_at: paired.window_ends_at.map(to_wire),
            locked_until: paired.locked_until.map(to_wire),
            consecutive_failures: paired.consecutive_failures,
            disabled: paired.disabled,
        }),
    }
}

/// Parses a request to clear a lockout.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_clear(request: pb::ClearLockoutRequest) -> Result<ClearRequest, Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let agent_id = violations.text("agent_id", request.agent_id, Violations::SHORT_TEXT);
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    let (Ok(user), Ok(agent_id), Ok(reason), Ok(idempotency_key)) = (user, agent_id, reason, key)
    else {
        return Err(violations.into());
    };
    let context = Context { agent_id, reason, ..Context::default() };
    Ok(ClearRequest { user, context, idempotency_key })
}

/// Writes what was cleared.
///
/// # Errors
/// [`Fault::IdempotencyConflict`] if the key belongs to another request.
pub const fn from_clearance(clearance: Clearance) -> Result<pb::ClearLockoutResponse, Fault> {
    match clearance {
        Clearance::Cleared(Cleared { lock, failures, disabled }) => Ok(pb::ClearLockoutResponse {
            lock_cleared: lock,
            failures_cleared: failures,
            disabled_cleared: disabled,
        }),
        Clearance::Conflict => Err(Fault::IdempotencyConflict),
    }
}

#[cfg(test)]
mod tests {
    use clock::Timestamp;
    use codes::pairing::Binding;
    use codes::shape::Alphabet;

    use super::*;

    #[test]
    fn every_reason_crosses_and_comes_back() {
        for reason in DenialReason::ALL {
            assert_eq!(to_reason(from_reason(reason).into()), Some(reason));
        }
        assert_eq!([0, -1, 99].map(to_reason), [None, None, None]);
    }

    #[test]
    fn a_denial_tells_why_only_to_those_who_may_know() {
        let denied = |reason, locked_until| Verification::Denied(Denial { reason, locked_until });
        let lock = Some(Timestamp::default());
        let told =
            |verification, reasons| from_verification(verification, reasons).expect("a reply");
        let nothing = told(denied(DenialReason::NoCode, None), false);
        for reason in DenialReason::ALL {
            assert_eq!(told(denied(reason, lock), false), nothing);
            assert_ne!(told(denied(reason, lock), true), nothing);
        }
        assert_eq!(told(Verification::Conflict, false), nothing);
        let conflict = from_verification(Verification::Conflict, true);
        assert_eq!(conflict, Err(Fault::IdempotencyConflict));
    }

    #[test]
    fn an_attempt_needs_a_user_and_a_code_of_the_policy() {
        let shape = Shape::new(8, Alphabet::Base32).expect("a length");
        for (code, told) in [
            ("", "code: must not be empty"),
            ("123456", "code: must be a code of 8 letters and digits"),
        ] {
            let mut request = pb::VerifyCodeRequest::default();
            code.clone_into(&mut request.code);
            let Err(Fault::InvalidArgument(violations)) = parse_verify(request, shape) else {
                panic!("it was read");
            };
            let fields: Vec<_> = violations.iter().map(ToString::to_string).collect();
            assert_eq!(fields, ["user: must be given", told]);
        }
    }

    #[test]
    fn a_binding_has_sixteen_bytes_or_none() {
        let shape = Shape::new(6, Alphabet::Digits).expect("a length");
        let read = |bytes: &[u8]| {
            let mut request = pb::VerifyCodeRequest::default();
            request.user = Some(pb::UserIdentifier { r#type: 1, value: "ada".to_owned() });
            "123456".clone_into(&mut request.code);
            request.binding = bytes.to_vec();
            parse_verify(request, shape).map(|request| request.binding)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[7; 16]), Ok(Some(Binding::from_bytes([7; 16]))));
        for wrong in [1, 15, 17] {
            let Err(Fault::InvalidArgument(violations)) = read(&vec![7; wrong]) else {
                panic!("{wrong} bytes were read");
            };
            assert_eq!(violations[0].to_string(), "binding: must be 16 bytes");
        }
    }

    #[test]
    fn a_lock_of_paired_codes_is_told_apart() {
        let lockout = |failures| Lockout { failures, ..Lockout::default() };
        let both = Lockouts { unpaired: lockout(1), paired: lockout(2) };
        let written = from_lockouts(both);
        assert_eq!((written.failures, written.paired.map(|it| it.failures)), (1, Some(2)));
        let unpaired = Lockouts { unpaired: lockout(1), ..Lockouts::default() };
        assert_eq!(from_lockouts(unpaired).paired, None);
    }
}
