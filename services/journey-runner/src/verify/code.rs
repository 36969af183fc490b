//! `VerifyCode`: the request, and the verdict out of the reply.

use codes::ids::GrantId;
use codes::user::UserId;
use journeys::ports::{VerifyFault, VerifyRequest};
use journeys::verdict::Verdict;
use secrecy::ExposeSecret as _;
use tonic::{Code, Status};
use wire::code::v1::verify_code_response::Outcome;
use wire::code::v1::{VerifyCodeRequest, VerifyCodeResponse, VerifyContext};
use wire::time::from_wire;
use wire::violations::user_identifier;

use super::{fault, malformed, site, unreadable};

pub(super) fn message(attempt: &VerifyRequest) -> VerifyCodeRequest {
    VerifyCodeRequest {
        user: Some(user_identifier(attempt.identifier_type, &attempt.identifier)),
        // Wiped from memory when the message is dropped.
        code: attempt.code.expose_secret().to_owned(),
        context: Some(VerifyContext {
            correlation_id: attempt.correlation_id.clone().unwrap_or_default(),
            journey_id: attempt.journey.as_ref().map(ToString::to_string).unwrap_or_default(),
            source_address: attempt.source.map(|it| site(it).to_string()).unwrap_or_default(),
        }),
        idempotency_key: attempt.idempotency_key.to_string(),
        binding: attempt.binding.map(|it| it.as_bytes().to_vec()).unwrap_or_default(),
    }
}

pub(super) fn verdict(
    reply: Result<Result<VerifyCodeResponse, Status>, VerifyFault>,
) -> Result<Verdict, VerifyFault> {
    let reply = match reply? {
        Ok(reply) => reply,
        Err(status) => return refused(&status),
    };
    match reply.outcome.ok_or_else(unreadable)? {
        Outcome::Accepted(accepted) => Ok(Verdict::Accepted {
            user: UserId::parse_subject(&accepted.user_id).map_err(|_| unreadable())?,
            grant: GrantId::parse(&accepted.grant_id).map_err(|_| unreadable())?,
            at: accepted.accepted_at.map(from_wire).ok_or_else(unreadable)?,
        }),
        Outcome::Rejected(rejected) => {
            Ok(Verdict::Rejected { reason: wire::verifier::to_reason(rejected.reason) })
        }
    }
}

fn refused(status: &Status) -> Result<Verdict, VerifyFault> {
    match status.code() {
        Code::InvalidArgument => malformed(status).map(Verdict::Malformed),
        // The key stood for another code: nothing was compared, and nothing will be.
        Code::Aborted => Ok(Verdict::Rejected { reason: None }),
        _ => Err(fault(status)),
    }
}
