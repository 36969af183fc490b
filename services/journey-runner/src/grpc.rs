//! `postern.journey.v1.JourneyRunnerService`.

use std::sync::Arc;

use edge::guard::{Guarded, principal};
use edge::principal::Principal;
use journeys::definition::Journey;
use journeys::ids::JourneyId;
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

use crate::{JourneyRunner, Runs, Sent};

impl JourneyRunner {
    /// The service behind its gate.
    pub fn grpc(&self) -> Guarded<JourneyRunnerServiceServer<Self>> {
        let server = JourneyRunnerServiceServer::new(self.clone())
            .max_decoding_message_size(server::grpc::MAX_MESSAGE_BYTES);
        Guarded::new(self.gate.clone(), server)
    }
}

impl From<Principal> for Runs {
    fn from(principal: Principal) -> Self {
        Self { application: principal.caller.application, client: principal.caller.client }
    }
}

#[tonic::async_trait]
impl JourneyRunnerService for JourneyRunner {
    async fn start_journey(
        &self,
        request: Request<StartJourneyRequest>,
    ) -> Result<Response<StartJourneyResponse>, Status> {
        let runs = principal(&request)?.into();
        let start = parse_start(request.into_inner())?;
        let answer = self.start(runs, start, Sent::default()).await?;
        Ok(Response::new(StartJourneyResponse { state: Some(from_answer(answer)) }))
    }

    async fn submit_input(
        &self,
        request: Request<SubmitInputRequest>,
    ) -> Result<Response<SubmitInputResponse>, Status> {
        let runs = principal(&request)?.into();
        let submission = parse_submit(request.into_inner())?;
        let answer = self.submit(runs, submission, None).await?;
        Ok(Response::new(SubmitInputResponse { state: Some(from_answer(answer)) }))
    }

    async fn list_journeys(
        &self,
        request: Request<ListJourneysRequest>,
    ) -> Result<Response<ListJourneysResponse>, Status> {
        let client = principal(&request)?.caller.client;
        let configuration = self.live.current();
        let journeys = configuration.journeys();
        let journeys = journeys.filter_map(|journey| self.journey(&client, journey.id()));
        let journeys = journeys.map(|journey| from_journey(&journey)).collect();
        Ok(Response::new(ListJourneysResponse { journeys }))
    }

    async fn describe_journey(
        &self,
        request: Request<DescribeJourneyRequest>,
    ) -> Result<Response<DescribeJourneyResponse>, Status> {
        let client = principal(&request)?.caller.client;
        let id = JourneyId::parse(&request.get_ref().journey_id);
        let journey: Option<Arc<Journey>> = id.ok().and_then(|id| self.journey(&client, &id));
        let journey = journey.ok_or(Fault::JourneyNotFound)?;
        Ok(Response::new(DescribeJourneyResponse { journey: Some(from_journey(&journey)) }))
    }
}
