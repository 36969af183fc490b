//! The verifier: verifies codes, counts failures, locks and unlocks, pairs journeys.
//!
//! Thin: requests come in over gRPC, pass the gate, and go to [`codes::verifier::Verifier`] and
//! [`Pairer`].

pub mod settings;

use std::time::Duration;

use codes::operations::Operations;
use codes::pairer::Pairer;
use codes::verifier::Verification;
use config::Application;
use edge::gate::Gate;
use edge::guard::{Guarded, principal};
use edge::notices::Notices;
use notices::notice::Notice;
use notices::notifier::Notifier;
use tokens::scope::Scope;
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Response, Status};
use wire::code::v1::verifier_service_server::{VerifierService, VerifierServiceServer};
use wire::code::v1::{
    ClearLockoutRequest, ClearLockoutResponse, DescribeLockoutRequest, DescribeLockoutResponse,
    PairJourneyRequest, PairJourneyResponse, VerifyCodeRequest, VerifyCodeResponse,
    WithdrawPairingRequest, WithdrawPairingResponse,
};
use wire::pairing::{from_paired, parse_pair, parse_withdraw};
use wire::verifier::{
    from_clearance, from_lockouts, from_verification, parse_clear, parse_describe, parse_verify,
};

/// A denial is answered a whole number of these steps after its request came in. To compare and count takes
/// longer than to find no code. On a healthy store both take less than a step, so that the time of an
/// answer does not tell the reason (I9); on a slow one, the steps coarsen what it tells.
const DENIAL_STEP: Duration = Duration::from_millis(10);

/// The service, over its ports.
#[derive(Clone)]
pub struct Verifier {
    gate: Gate,
    codes: codes::verifier::Verifier,
    pairer: Pairer,
    notices: Notices,
}

impl Verifier {
    /// A verifier for those whom the gate lets in.
    pub fn new(gate: Gate, operations: Operations, notifier: Notifier) -> Self {
        let pairer = Pairer::new(operations.clone());
        let notices = Notices::new(notifier);
        Self { gate, codes: codes::verifier::Verifier::new(operations), pairer, notices }
    }

    /// The service behind its gate.
    pub fn grpc(&self) -> Guarded<VerifierServiceServer<Self>> {
        let server = VerifierServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

/// When a denial that took this long is answered.
fn next_step(took: Duration) -> Duration {
    let steps = took.as_millis() / DENIAL_STEP.as_millis() + 1;
    DENIAL_STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[tonic::async_trait]
impl VerifierService for Verifier {
    async fn verify_code(
        &self,
        request: Request<VerifyCodeRequest>,
    ) -> Result<Response<VerifyCodeResponse>, Status> {
        let begun = Instant::now();
        let principal = principal(&request)?;
        let Application { policy, directory, .. } = principal.application();
        let request = parse_verify(request.into_inner(), policy.shape())?;
        let verification =
            self.codes.verify(principal.caller(), policy, &**directory, &request).await;
        let verification = verification.map_err(edge::unavailable)?;
        if let Verification::Accepted { code_id, at, .. } = &verification {
            let notice =
                |application: &_| Notice::redeemed((application, &request.user), *at, code_id);
            self.notices.write(&principal, notice).await?;
        } else {
            sleep_until(begun + next_step(begun.elapsed())).await;
        }
        Ok(Response::new(from_verification(verification, principal.has(Scope::CodesReason))?))
    }

    async fn describe_lockout(
        &self,
        request: Request<DescribeLockoutRequest>,
    ) -> Result<Response<DescribeLockoutResponse>, Status> {
        let principal = principal(&request)?;
        principal.require_agent()?;
        let user = parse_describe(request.get_ref())?;
        let directory = &principal.application().directory;
        let both = self.codes.describe_lockout(principal.caller(), &**directory, &user).await;
        Ok(Response::new(from_lockouts(both.map_err(edge::unavailable)?)))
    }

    async fn clear_lockout(
        &self,
        request: Request<ClearLockoutRequest>,
    ) -> Result<Response<ClearLockoutResponse>, Status> {
        let principal = principal(&request)?;
        let mut request = parse_clear(request.into_inner())?;
        principal.name_agent(&mut request.context)?;
        principal.admit_to(&request.user).await?;
        let Application { policy, directory, .. } = principal.application();
        let caller = principal.caller();
        let cleared = self.codes.clear_lockout(caller, policy, &**directory, &request).await;
        Ok(Response::new(from_clearance(cleared.map_err(edge::unavailable)?)?))
    }

    async fn pair_journey(
        &self,
        request: Request<PairJourneyRequest>,
    ) -> Result<Response<PairJourneyResponse>, Status> {
        let principal = principal(&request)?;
        let request = parse_pair(request.get_ref())?;
        let Application { policy, directory, .. } = principal.application();
        let paired = self.pairer.pair(principal.caller(), policy, &**directory, request).await;
        Ok(Response::new(from_paired(paired.map_err(edge::unavailable)?)?))
    }

    async fn withdraw_pairing(
        &self,
        request: Request<WithdrawPairingRequest>,
    ) -> Result<Response<WithdrawPairingResponse>, Status> {
        let principal = principal(&request)?;
        let (user, binding) = parse_withdraw(request.get_ref())?;
        let directory = &principal.application().directory;
        let withdrawn =
            self.pairer.withdraw(principal.caller(), &**directory, &user, binding).await;
        withdrawn.map_err(edge::unavailable)?;
        Ok(Response::new(WithdrawPairingResponse {}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_answered_at_the_next_step() {
        for (took, answered) in [(0, 10), (1, 10), (9, 10), (10, 20), (11, 20), (299, 300)] {
            let took = Duration::from_millis(took);
            assert_eq!(next_step(took), Duration::from_millis(answered), "{took:?}");
        }
    }
}
