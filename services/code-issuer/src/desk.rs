//! `postern.desk.v1.DeskService`.

use edge::guard::{Guarded, principal};
use tonic::{Request, Response, Status};
use wire::desk::v1::desk_service_server::{DeskService, DeskServiceServer};
use wire::desk::v1::{
    DecideRequestRequest, DecideRequestResponse, ExplainIssueRequest, ExplainIssueResponse,
    LiftFreezeRequest, LiftFreezeResponse, ListRequestsRequest, ListRequestsResponse,
    SetBrakeRequest, SetBrakeResponse,
};
use wire::error::{DeskFault, Fault};

use crate::CodeIssuer;

impl CodeIssuer {
    /// The desk's service behind its gate.
    pub fn desk_grpc(&self) -> Guarded<DeskServiceServer<Self>> {
        let server = DeskServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

#[tonic::async_trait]
impl DeskService for CodeIssuer {
    async fn explain_issue(
        &self,
        request: Request<ExplainIssueRequest>,
    ) -> Result<Response<ExplainIssueResponse>, Status> {
        principal(&request)?;
        Err(Fault::Desk(DeskFault::Off).into())
    }

    async fn list_requests(
        &self,
        request: Request<ListRequestsRequest>,
    ) -> Result<Response<ListRequestsResponse>, Status> {
        principal(&request)?;
        Err(Fault::Desk(DeskFault::Off).into())
    }

    async fn decide_request(
        &self,
        request: Request<DecideRequestRequest>,
    ) -> Result<Response<DecideRequestResponse>, Status> {
        principal(&request)?;
        Err(Fault::Desk(DeskFault::Off).into())
    }

    async fn set_brake(
        &self,
        request: Request<SetBrakeRequest>,
    ) -> Result<Response<SetBrakeResponse>, Status> {
        principal(&request)?;
        Err(Fault::Desk(DeskFault::Off).into())
    }

    async fn lift_freeze(
        &self,
        request: Request<LiftFreezeRequest>,
    ) -> Result<Response<LiftFreezeResponse>, Status> {
        principal(&request)?;
        Err(Fault::Desk(DeskFault::Off).into())
    }
}
