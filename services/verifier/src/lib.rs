//! The verifier: verifies codes, counts failures, locks and unlocks.
//!
//! Thin: requests come in over gRPC, pass the gate, and go to [`codes::verifier::Verifier`].

pub mod settings;

use codes::desk::Desk;
use config::Application;
use edge::gate::Gate;
use edge::guard::{Guarded, principal};
use tokens::scope::Scope;
use tonic::{Request, Response, Status};
use wire::code::v1::verifier_service_server::{VerifierService, VerifierServiceServer};
use wire::code::v1::{
    ClearLockoutRequest, ClearLockoutResponse, DescribeLockoutRequest, DescribeLockoutResponse,
    VerifyCodeRequest, VerifyCodeResponse,
};
use wire::verifier::{
    from_clearance, from_lockout, from_verification, parse_clear, parse_describe, parse_verify,
};

/// The service, over its ports.
#[derive(Clone)]
pub struct Verifier {
    gate: Gate,
    verifier: codes::verifier::Verifier,
}

impl Verifier {
    /// A verifier for those whom the gate lets in.
    pub const fn new(gate: Gate, desk: Desk) -> Self {
        Self { gate, verifier: codes::verifier::Verifier::new(desk) }
    }

    /// The service behind its gate.
    pub fn grpc(&self) -> Guarded<VerifierServiceServer<Self>> {
        let server = VerifierServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

#[tonic::async_trait]
impl VerifierService for Verifier {
    async fn verify_code(
        &self,
        request: Request<VerifyCodeRequest>,
    ) -> Result<Response<VerifyCodeResponse>, Status> {
        let principal = principal(&request)?;
        let Application { policy, directory, .. } = principal.application();
        let request = parse_verify(request.into_inner(), policy.shape())?;
        let verification =
            self.verifier.verify(principal.caller(), policy, &**directory, &request).await;
        let verification = verification.map_err(edge::unavailable)?;
        Ok(Response::new(from_verification(verification, principal.has(Scope::CodesReason))?))
    }

    async fn describe_lockout(
        &self,
        request: Request<DescribeLockoutRequest>,
    ) -> Result<Response<DescribeLockoutResponse>, Status> {
        let principal = principal(&request)?;
        let user = parse_describe(request.get_ref())?;
        let directory = &principal.application().directory;
        let lockout = self.verifier.describe_lockout(principal.caller(), &**directory, &user).await;
        Ok(Response::new(from_lockout(lockout.map_err(edge::unavailable)?)))
    }

    async fn clear_lockout(
        &self,
        request: Request<ClearLockoutRequest>,
    ) -> Result<Response<ClearLockoutResponse>, Status> {
        let principal = principal(&request)?;
        let mut request = parse_clear(request.into_inner())?;
        principal.name_agent(&mut request.context)?;
        principal.refuse_own_account(&request.user).await?;
        let Application { policy, directory, .. } = principal.application();
        let caller = principal.caller();
        let cleared = self.verifier.clear_lockout(caller, policy, &**directory, &request).await;
        Ok(Response::new(from_clearance(cleared.map_err(edge::unavailable)?)?))
    }
}
