//! `postern.code.v1.CodeIssuerService`.

use config::Application;
use edge::guard::{Guarded, principal};
use tonic::{Request, Response, Status};
use wire::code::v1::code_issuer_service_server::{CodeIssuerService, CodeIssuerServiceServer};
use wire::code::v1::{
    DescribeCodeRequest, DescribeCodeResponse, DescribePairingRequest, DescribePairingResponse,
    IssueCodeRequest, IssueCodeResponse, RevokeCodeRequest, RevokeCodeResponse,
};
use wire::issuer::{
    from_description, from_issued, from_pending, from_revocation, parse_describe, parse_issue,
    parse_revoke,
};
use wire::pairing::{self, from_described};

use crate::{CodeIssuer, Issued};

impl CodeIssuer {
    /// The service behind its gate.
    pub fn grpc(&self) -> Guarded<CodeIssuerServiceServer<Self>> {
        let server = CodeIssuerServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

#[tonic::async_trait]
impl CodeIssuerService for CodeIssuer {
    async fn issue_code(
        &self,
        request: Request<IssueCodeRequest>,
    ) -> Result<Response<IssueCodeResponse>, Status> {
        let principal = principal(&request)?;
        let request = parse_issue(request.into_inner())?;
        Ok(Response::new(match self.issue(&principal, request).await? {
            Issued::Code(code) => from_issued(code),
            Issued::Pending(pending) => from_pending(pending),
        }))
    }

    async fn revoke_code(
        &self,
        request: Request<RevokeCodeRequest>,
    ) -> Result<Response<RevokeCodeResponse>, Status> {
        let principal = principal(&request)?;
        let mut request = parse_revoke(request.get_ref())?;
        principal.name_agent(&mut request.context)?;
        let Application { policy, directory, .. } = principal.application();
        let revoked = self.issuer.revoke(principal.caller(), policy, &**directory, &request).await;
        Ok(Response::new(from_revocation(revoked.map_err(edge::unavailable)?)?))
    }

    async fn describe_code(
        &self,
        request: Request<DescribeCodeRequest>,
    ) -> Result<Response<DescribeCodeResponse>, Status> {
        let principal = principal(&request)?;
        principal.require_agent()?;
        let user = parse_describe(request.get_ref())?;
        let directory = &principal.application().directory;
        let code = self.issuer.describe(principal.caller(), &**directory, &user).await;
        Ok(Response::new(from_description(code.map_err(edge::unavailable)?)))
    }

    async fn describe_pairing(
        &self,
        request: Request<DescribePairingRequest>,
    ) -> Result<Response<DescribePairingResponse>, Status> {
        let principal = principal(&request)?;
        principal.require_agent()?;
        let (user, number) = pairing::parse_describe(request.get_ref())?;
        let Application { policy, directory, .. } = principal.application();
        let caller = principal.caller();
        let described = self.pairer.describe(caller, policy, &**directory, &user, number).await;
        Ok(Response::new(from_described(described.map_err(edge::unavailable)?)?))
    }
}
