//! `CodeIssuerService`: parses requests and writes replies.

use codes::audit::Context;
use codes::ids::CodeId;
use codes::issuer::{Issuance, IssueRequest, IssuedCode, Revocation, RevokeRequest, RevokeTarget};
use codes::record::{CodeDescription, CodeState};
use codes::user::Identifier;

use desk::messages::Pending;
use desk::request::{Ask, Standing};

use crate::code::v1 as pb;
use crate::error::Fault;
use crate::time::to_wire;
use crate::violations::{Parsed, Violations};

/// Parses a request for a code.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_issue(request: pb::IssueCodeRequest) -> Result<Ask, Fault> {
    let mut violations = Violations::default();
    let user = violations.user("user", request.user.as_ref());
    let life = violations.whole_seconds("expires_in", request.expires_in.as_ref());
    let context = request.context.unwrap_or_default();
    let pairing_confirmed = context.pairing_confirmed;
    let context = parse_context(&mut violations, context);
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    let pairing = violations.pairing_number("pairing_number", &request.pairing_number);
    let request_id = violations.request_id("request_id", &request.request_id);
    let (Ok(user), Ok(expires_in), Ok(context), Ok(idempotency_key), Ok(pairing), Ok(request_id)) =
        (user, life, context, key, pairing, request_id)
    else {
        return Err(violations.into());
    };
    let override_lockout = request.override_lockout;
    let issue =
        IssueRequest { user, pairing, expires_in, context, idempotency_key, override_lockout };
    // What the agent's roles give is for the gate to say.
    Ok(Ask { issue, standing: Standing::default(), pairing_confirmed, request_id })
}

fn parse_context(violations: &mut Violations, context: pb::IssueContext) -> Parsed<Context> {
    let mut short = |field, text| violations.text(field, text, Violations::SHORT_TEXT);
    let agent_id = short("context.agent_id", context.agent_id);
    let ticket_ref = short("context.ticket_ref", context.ticket_ref);
    let verification_method = short("context.verification_method", context.verification_method);
    let reason = violations.text("context.reason", context.reason, Violations::LONG_TEXT);
    Ok(Context {
        agent_id: agent_id?,
        reason: reason?,
        ticket_ref: ticket_ref?,
        verification_method: verification_method?,
        ..Context::default()
    })
}

/// The issued code, or the fault of an outcome without one.
///
/// # Errors
/// The fault of an outcome without a code.
pub fn issued(issuance: Issuance) -> Result<IssuedCode, Fault> {
    match issuance {
        Issuance::Issued(code) => Ok(code),
        Issuance::ExpirationRefused(outside) => Err(outside.into()),
        Issuance::UnknownUser => Err(Fault::UserNotFound),
        Issuance::PairingRefused(refusal) => Err(refusal.into()),
        Issuance::PairingNotFound => Err(Fault::PairingNotFound),
        Issuance::Locked(locked_until) => Err(Fault::UserLocked { locked_until }),
        Issuance::Blocked(blocked_until) => Err(Fault::UserBlocked { blocked_until }),
        Issuance::Disabled => Err(Fault::UserDisabled),
        Issuance::QuotaExceeded(retry_after) => Err(Fault::IssueQuotaExceeded { retry_after }),
        Issuance::OverrideQuotaExceeded(retry_after) => {
            Err(Fault::OverrideQuotaExceeded { retry_after })
        }
        Issuance::Conflict => Err(Fault::IdempotencyConflict),
    }
}

/// Writes an issued code. The message wipes it from memory when dropped, as [`IssuedCode`] does.
pub fn from_issued(
    IssuedCode { code, code_id, expires_at, attempts_allowed, paired }: IssuedCode,
) -> pb::IssueCodeResponse {
    pb::IssueCodeResponse {
        code: code.expose().to_owned(),
        code_id: code_id.to_string(),
        expires_at: Some(to_wire(expires_at)),
        attempts_allowed,
        paired,
        pending: None,
    }
}

/// Writes a request that waits for approval.
pub fn from_pending(pending: Pending) -> pb::IssueCodeResponse {
    pb::IssueCodeResponse {
        code: String::new(),
        code_id: String::new(),
        expires_at: None,
        attempts_allowed: 0,
        paired: false,
        pending: Some(pb::PendingIssue {
            request_id: pending.request_id.to_string(),
            expires_at: Some(to_wire(pending.expires_at)),
        }),
    }
}

/// Parses a request to revoke a code.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_revoke(request: &pb::RevokeCodeRequest) -> Result<RevokeRequest, Fault> {
    use pb::revoke_code_request::Target;
    let mut violations = Violations::default();
    let target = match &request.target {
        None => Err(violations.note("target", "must be given: code_id or user")),
        Some(Target::CodeId(id)) => {
            violations.check("code_id", CodeId::parse(id)).map(RevokeTarget::Code)
        }
        Some(Target::User(user)) => violations.user("user", Some(user)).map(RevokeTarget::User),
    };
    let key = violations.idempotency_key("idempotency_key", &request.idempotency_key);
    let mut short =
        |field, text: &str| violations.text(field, text.to_owned(), Violations::SHORT_TEXT);
    let agent_id = short("agent_id", &request.agent_id);
    let ticket_ref = short("ticket_ref", &request.ticket_ref);
    let reason = violations.text("reason", request.reason.clone(), Violations::LONG_TEXT);
    let (Ok(target), Ok(idempotency_key), Ok(agent_id), Ok(ticket_ref), Ok(reason)) =
        (target, key, agent_id, ticket_ref, reason)
    else {
        return Err(violations.into());
    };
    let context = Context { agent_id, reason, ticket_ref, ..Context::default() };
    Ok(RevokeRequest { target, context, idempotency_key })
}

/// Writes the outcome of a revocation.
///
/// # Errors
/// [`Fault::IdempotencyConflict`] if the key belongs to another request.
pub const fn from_revocation(revocation: Revocation) -> Result<pb::RevokeCodeResponse, Fault> {
    match revocation {
        Revocation::Revoked => Ok(pb::RevokeCodeResponse { revoked: true, grant_revoked: false }),
        Revocation::GrantRevoked => {
            Ok(pb::RevokeCodeResponse { revoked: false, grant_revoked: true })
        }
        Revocation::NothingLive => {
            Ok(pb::RevokeCodeResponse { revoked: false, grant_revoked: false })
        }
        Revocation::Conflict => Err(Fault::IdempotencyConflict),
    }
}

/// Parses a request to describe a code.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_describe(request: &pb::DescribeCodeRequest) -> Result<Identifier, Fault> {
    let mut violations = Violations::default();
    violations.user("user", request.user.as_ref()).map_err(|_| violations.into())
}

/// Writes a description; `None` if the user has no code.
pub fn from_description(code: Option<CodeDescription>) -> pb::DescribeCodeResponse {
    let Some(code) = code else {
        return pb::DescribeCodeResponse {
            state: pb::CodeState::None.into(),
            ..pb::DescribeCodeResponse::default()
        };
    };
    let state = match code.state {
        CodeState::Active => pb::CodeState::Active,
        CodeState::Consumed => pb::CodeState::Consumed,
        CodeState::Burned => pb::CodeState::Burned,
        CodeState::Revoked => pb::CodeState::Revoked,
        CodeState::Expired => pb::CodeState::Expired,
    };
    pb::DescribeCodeResponse {
        state: state.into(),
        code_id: code.id.to_string(),
        issued_at: Some(to_wire(code.issued_at)),
        expires_at: Some(to_wire(code.expires_at)),
        issued_by_client_id: code.issued_by.client.to_string(),
        issued_by_agent_id: code.issued_by.agent.unwrap_or_default(),
        paired: code.paired,
        exhausted_sources: code.exhausted_sources,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_of_a_request_is_told_at_once() {
        let request = pb::IssueCodeRequest {
            user: Some(pb::UserIdentifier { r#type: 2, value: "hunter2".to_owned() }),
            expires_in: Some(prost_types::Duration { seconds: 1, nanos: 1 }),
            context: Some(pb::IssueContext {
                agent_id: "a".repeat(129),
                reason: "b".repeat(513),
                ticket_ref: "\u{7}".to_owned(),
                verification_method: "c".repeat(129),
                pairing_confirmed: false,
            }),
            idempotency_key: " ".to_owned(),
            override_lockout: false,
            pairing_number: "hunter2".to_owned(),
            request_id: "hunter2".to_owned(),
        };
        let Err(Fault::InvalidArgument(violations)) = parse_issue(request) else {
            panic!("all of it is wrong");
        };
        let fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "user.value",
                "expires_in",
                "context.agent_id",
                "context.ticket_ref",
                "context.verification_method",
                "context.reason",
                "idempotency_key",
                "pairing_number",
                "request_id",
            ]
        );
        assert!(violations.iter().all(|v| !v.description.contains("hunter2")));
    }

    #[test]
    fn the_least_request_names_a_user() {
        let request = pb::IssueCodeRequest {
            user: Some(pb::UserIdentifier { r#type: 1, value: " ada ".to_owned() }),
            ..Default::default()
        };
        let Ask { issue: parsed, request_id, pairing_confirmed, .. } =
            parse_issue(request).expect("valid");
        assert_eq!((request_id, pairing_confirmed), (None, false));
        assert_eq!(parsed.user.value(), "ada");
        assert_eq!((parsed.expires_in, parsed.idempotency_key, parsed.pairing), (None, None, None));
        assert_eq!(parsed.context, Context::default());
    }

    #[test]
    fn a_revocation_names_a_code_or_a_user() {
        use pb::revoke_code_request::Target;
        for target in [
            None,
            Some(Target::CodeId("x".to_owned())),
            Some(Target::User(pb::UserIdentifier::default())),
        ] {
            let request = pb::RevokeCodeRequest { target, ..Default::default() };
            assert!(matches!(parse_revoke(&request), Err(Fault::InvalidArgument(_))));
        }
    }

    #[test]
    fn no_code_is_a_description_too() {
        assert_eq!(from_description(None).state(), pb::CodeState::None);
    }
}
