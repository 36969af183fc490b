//! `postern.journey.v1.JourneyRunnerService`; `redeem` has the service for the code issuer.

mod redeem;

use config::Client;
use definitions::JourneyId;
use edge::guard::{Guarded, principal};
use tonic::{Request, Response, Status};
use wire::error::Fault;
use wire::journey::v1::journey_runner_service_server::{
    JourneyRunnerService, JourneyRunnerServiceServer,
};
use wire::journey::v1::{
    DescribeJourneyRequest, DescribeJourneyResponse, ListJourneysRequest, ListJourneysResponse,
    StartJourneyRequest, StartJourneyResponse, SubmitInputRequest, SubmitInputResponse,
};
use wire::runner::{from_answer, from_journey, parse_start, parse_submit};

use crate::{JourneyRunner, journey};

impl JourneyRunner {
    /// The service behind its gate.
    pub fn grpc(&self) -> Guarded<JourneyRunnerServiceServer<Self>> {
        let server = JourneyRunnerServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

#[tonic::async_trait]
impl JourneyRunnerService for JourneyRunner {
    async fn start_journey(
        &self,
        request: Request<StartJourneyRequest>,
    ) -> Result<Response<StartJourneyResponse>, Status> {
        let principal = principal(&request)?;
        let start = parse_start(request.into_inner())?;
        let answer = self.start(&principal, start).await?;
        Ok(Response::new(StartJourneyResponse { state: Some(from_answer(answer)) }))
    }

    async fn submit_input(
        &self,
        request: Request<SubmitInputRequest>,
    ) -> Result<Response<SubmitInputResponse>, Status> {
        let principal = principal(&request)?;
        let submission = parse_submit(request.into_inner())?;
        let answer = self.submit(&principal, submission).await?;
        Ok(Response::new(SubmitInputResponse { state: Some(from_answer(answer)) }))
    }

    async fn list_journeys(
        &self,
        request: Request<ListJourneysRequest>,
    ) -> Result<Response<ListJourneysResponse>, Status> {
        let principal = principal(&request)?;
        let ids = principal.configuration().journeys().map(|journey| journey.id());
        let journeys = ids.filter_map(|id| journey(&principal, id, Client::may_run));
        let journeys = journeys.map(|journey| from_journey(&journey)).collect();
        Ok(Response::new(ListJourneysResponse { journeys }))
    }

    async fn describe_journey(
        &self,
        request: Request<DescribeJourneyRequest>,
    ) -> Result<Response<DescribeJourneyResponse>, Status> {
        let principal = principal(&request)?;
        let id = JourneyId::parse(&request.get_ref().journey_id);
        let journey = id.ok().and_then(|id| journey(&principal, &id, Client::may_run));
        let journey = journey.ok_or(Fault::JourneyNotFound)?;
        Ok(Response::new(DescribeJourneyResponse { journey: Some(from_journey(&journey)) }))
    }
}
