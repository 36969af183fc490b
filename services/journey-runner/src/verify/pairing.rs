//! `PairJourney` and `WithdrawPairing`: the requests, and the verdict out of the reply.

use codes::facts::Facts;
use codes::pairing::PairingNumber;
use journeys::ports::{PairRequest, VerifyFault, Withdrawal};
use journeys::verdict::PairVerdict;
use tonic::{Code, Status};
use wire::code::v1::{PairJourneyRequest, PairJourneyResponse, WithdrawPairingRequest};
use wire::pairing::from_facts;
use wire::time::{from_wire, to_wire};
use wire::violations::user_identifier;

use super::{fault, malformed, site, unreadable};

pub(super) fn message(request: &PairRequest) -> PairJourneyRequest {
    let facts = Facts { source: request.facts.source.map(site), ..request.facts };
    PairJourneyRequest {
        user: Some(user_identifier(request.identifier_type, &request.identifier)),
        binding: request.binding.as_bytes().to_vec(),
        facts: Some(from_facts(facts)),
        session_expires_at: Some(to_wire(request.session_ends_at)),
    }
}

pub(super) fn verdict(
    reply: Result<Result<PairJourneyResponse, Status>, VerifyFault>,
) -> Result<PairVerdict, VerifyFault> {
    match reply? {
        Ok(reply) => Ok(PairVerdict::Paired {
            number: PairingNumber::parse(&reply.number).map_err(|_| unreadable())?,
            expires_at: reply.expires_at.map(from_wire).ok_or_else(unreadable)?,
        }),
        Err(status) => match status.code() {
            Code::InvalidArgument => malformed(&status).map(PairVerdict::Malformed),
            Code::ResourceExhausted => Ok(PairVerdict::TooMany),
            Code::FailedPrecondition => {
                Err(VerifyFault::Misconfigured("the application does not pair".to_owned()))
            }
            _ => Err(fault(&status)),
        },
    }
}

pub(super) fn withdrawal(withdrawal: &Withdrawal) -> WithdrawPairingRequest {
    WithdrawPairingRequest {
        user: Some(user_identifier(withdrawal.identifier_type, &withdrawal.identifier)),
        binding: withdrawal.binding.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Code) -> Result<PairVerdict, VerifyFault> {
        verdict(Ok(Err(Status::new(code, "refused"))))
    }

    #[test]
    fn every_reply_is_a_number_a_refusal_or_a_fault() {
        let reply = |number: &str| {
            let expires_at = Some(to_wire(clock::Timestamp::default()));
            verdict(Ok(Ok(PairJourneyResponse { number: number.to_owned(), expires_at })))
        };
        assert!(matches!(reply("123456"), Ok(PairVerdict::Paired { .. })));
        for unreadable in ["", "12345", "1234567"] {
            assert!(matches!(reply(unreadable), Err(VerifyFault::Misconfigured(_))));
        }
        assert_eq!(refused(Code::ResourceExhausted), Ok(PairVerdict::TooMany));
        for code in [Code::FailedPrecondition, Code::PermissionDenied, Code::InvalidArgument] {
            assert!(matches!(refused(code), Err(VerifyFault::Misconfigured(_))), "{code}");
        }
        for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Internal] {
            assert_eq!(refused(code), Err(VerifyFault::Unavailable), "{code}");
        }
    }
}
