//! The journey runner, for backends that run journeys on behalf of their users.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use protos::journey::v1::journey_runner_service_client::JourneyRunnerServiceClient;
use protos::journey::v1::journey_state::State;
use protos::journey::v1::{
    DescribeJourneyRequest, Journey, JourneyState, ListJourneysRequest, StartJourneyRequest,
    SubmitInputRequest,
};
use tonic::transport::Channel;

use crate::calls::{Calls, draw_key};
use crate::error::CallError;

/// Runs journeys. Clones share one connection.
#[derive(Clone, Debug)]
pub struct JourneyRunner {
    stub: JourneyRunnerServiceClient<Channel>,
    calls: Calls,
}

/// Texts as the `params` of [`StartJourneyRequest`] or the `data` of [`SubmitInputRequest`].
///
/// ```
/// let params = client::params([("external_user_id", "alice"), ("temp_code", "123456")]);
/// assert_eq!(params.fields.len(), 2);
/// ```
pub fn params<K: Into<String>, V: Into<String>>(texts: impl IntoIterator<Item = (K, V)>) -> Struct {
    let value = |text: V| Value { kind: Some(Kind::StringValue(text.into())) };
    let fields = texts.into_iter().map(|(name, text)| (name.into(), value(text)));
    Struct { fields: fields.collect() }
}

impl JourneyRunner {
    pub(crate) fn new(channel: Channel, calls: Calls) -> Self {
        Self { stub: JourneyRunnerServiceClient::new(channel), calls }
    }

    /// Starts a journey and runs it to its first stop. Needs the scope `journeys:run`.
    ///
    /// # Errors
    /// [`CallError::JourneyNotFound`], [`CallError::JourneyAborted`], and those of every call.
    pub async fn start_journey(
        &self,
        mut request: StartJourneyRequest,
    ) -> Result<State, CallError> {
        draw_key(&mut request.idempotency_key);
        let answer = self
            .calls
            .make(&self.stub, request, |mut stub, it| async move { stub.start_journey(it).await })
            .await?;
        state(answer.state)
    }

    /// Answers the step at which a journey waits, and runs it to its next stop. Needs the scope
    /// `journeys:run`.
    ///
    /// # Errors
    /// [`CallError::SessionNotFound`], [`CallError::ChallengeUsed`], [`CallError::JourneyAborted`],
    /// [`CallError::JourneyChanged`], and those of every call.
    pub async fn submit_input(&self, mut request: SubmitInputRequest) -> Result<State, CallError> {
        draw_key(&mut request.idempotency_key);
        let answer = self
            .calls
            .make(&self.stub, request, |mut stub, it| async move { stub.submit_input(it).await })
            .await?;
        state(answer.state)
    }

    /// The journeys that the client may run. Needs the scope `journeys:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn list_journeys(&self) -> Result<Vec<Journey>, CallError> {
        let request = ListJourneysRequest::default();
        let answer = self
            .calls
            .make(&self.stub, request, |mut stub, it| async move { stub.list_journeys(it).await })
            .await?;
        Ok(answer.journeys)
    }

    /// One journey. Needs the scope `journeys:read`.
    ///
    /// # Errors
    /// [`CallError::JourneyNotFound`], and those of every call.
    pub async fn describe_journey(&self, id: impl Into<String>) -> Result<Journey, CallError> {
        let request = DescribeJourneyRequest { journey_id: id.into() };
        let answer = self
            .calls
            .make(
                &self.stub,
                request,
                |mut stub, it| async move { stub.describe_journey(it).await },
            )
            .await?;
        answer.journey.ok_or(CallError::Incomplete("journey"))
    }
}

fn state(state: Option<JourneyState>) -> Result<State, CallError> {
    state.and_then(|state| state.state).ok_or(CallError::Incomplete("state"))
}
