//! The desk, for the help desk's backend: what an issue would meet, approvals, brakes and lifts.

use prost_types::Timestamp;
use protos::code::v1::IssueCodeRequest;
use protos::desk::v1::desk_service_client::DeskServiceClient;
use protos::desk::v1::{
    ApprovalRequest, Brake, DecideRequestRequest, DecideRequestResponse, ExplainIssueRequest,
    ExplainIssueResponse, LiftFreezeRequest, LiftFreezeResponse, LiftRepudiationRequest,
    LiftRepudiationResponse, ListRequestsRequest, ListRequestsResponse, RepudiateRequest,
    RepudiateResponse, SetBrakeRequest, SetBrakeResponse, SuspendLagRuleRequest,
    SuspendLagRuleResponse,
};
use tonic::transport::Channel;

use crate::calls::Calls;
use crate::error::CallError;
use crate::tokens::AgentToken;

/// Explains, approves, stops and lifts. Clones share one connection.
///
/// Every call fails with [`DeskRefusal::Off`](crate::DeskRefusal::Off) where the application has no
/// desk, and with [`DeskRefusal::AgentRequired`](crate::DeskRefusal::AgentRequired) where it needs an
/// agent's token.
///
/// ```no_run
/// # async fn approve(client: client::Client, id_token: secrecy::SecretString) -> Result<(), Box<dyn std::error::Error>> {
/// use client::DecideRequestRequest;
///
/// let lead = client.exchange(&id_token).await?;
/// let desk = client.desk("http://127.0.0.1:50051")?.acting_as(&lead);
/// for request in desk.list_requests().await? {
///     let (request_id, reason) = (request.request_id, "called back".to_owned());
///     desk.decide_request(DecideRequestRequest { request_id, approve: true, reason }).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Desk {
    stub: DeskServiceClient<Channel>,
    calls: Calls,
}

impl Desk {
    pub(crate) fn new(channel: Channel, calls: Calls) -> Self {
        Self { stub: DeskServiceClient::new(channel), calls }
    }

    /// The same client acting as an agent of the help desk, over the same connection.
    #[must_use]
    pub fn acting_as(&self, agent: &AgentToken) -> Self {
        Self { calls: self.calls.acting_as(agent), ..self.clone() }
    }

    /// Tells what an issue would meet now. Changes nothing and counts nothing. Needs the scope
    /// `codes:issue`.
    ///
    /// # Errors
    /// [`CallError::UserNotFound`], and those of every call.
    pub async fn explain_issue(
        &self,
        issue: IssueCodeRequest,
    ) -> Result<ExplainIssueResponse, CallError> {
        let request = ExplainIssueRequest { issue: Some(issue) };
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.explain_issue(it).await })
            .await
    }

    /// The requests that wait for a decision, the oldest first. Needs the scope `codes:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn list_requests(&self) -> Result<Vec<ApprovalRequest>, CallError> {
        self.listed().await.map(|answer| answer.requests)
    }

    /// The brakes that are set in the application. Needs the scope `codes:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn list_brakes(&self) -> Result<Vec<Brake>, CallError> {
        self.listed().await.map(|answer| answer.brakes)
    }

    /// Until when codes are issued although notices are late; `None` if late notices stop issuing. Needs the
    /// scope `codes:read`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn lag_rule_suspended_until(&self) -> Result<Option<Timestamp>, CallError> {
        self.listed().await.map(|answer| answer.lag_rule_suspended_until)
    }

    async fn listed(&self) -> Result<ListRequestsResponse, CallError> {
        let request = ListRequestsRequest {};
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.list_requests(it).await })
            .await
    }

    /// Approves or denies a request of another agent. The same decision again has the same outcome.
    /// Needs the scope `desk:approve`.
    ///
    /// # Errors
    /// [`CallError::RequestNotFound`], [`CallError::RequestExpired`], [`CallError::RequestDecided`],
    /// [`CallError::OwnRequest`], [`CallError::OwnAccount`], [`CallError::SignInAgain`],
    /// [`DeskRefusal::Tier`](crate::DeskRefusal::Tier), and those of every call.
    pub async fn decide_request(
        &self,
        request: DecideRequestRequest,
    ) -> Result<DecideRequestResponse, CallError> {
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.decide_request(it).await })
            .await
    }

    /// Sets a brake, or releases it. Needs the scope `desk:brake`; setting one needs no agent's token.
    ///
    /// # Errors
    /// [`CallError::TooManyBrakes`]; [`CallError::OwnStop`] and [`CallError::SignInAgain`] for a release; and
    /// those of every call.
    pub async fn set_brake(&self, request: SetBrakeRequest) -> Result<SetBrakeResponse, CallError> {
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.set_brake(it).await })
            .await
    }

    /// Lets codes be issued although notices are late, or ends that. Needs the scope `desk:brake`.
    ///
    /// # Errors
    /// [`CallError::SignInAgain`], and those of every call.
    pub async fn suspend_lag_rule(
        &self,
        request: SuspendLagRuleRequest,
    ) -> Result<SuspendLagRuleResponse, CallError> {
        let calls = &self.calls;
        calls
            .make(
                &self.stub,
                request,
                |mut stub, it| async move { stub.suspend_lag_rule(it).await },
            )
            .await
    }

    /// Lets a frozen agent issue again. Needs the scope `desk:approve`.
    ///
    /// # Errors
    /// [`CallError::OwnStop`], [`CallError::SignInAgain`], and those of every call.
    pub async fn lift_freeze(
        &self,
        request: LiftFreezeRequest,
    ) -> Result<LiftFreezeResponse, CallError> {
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.lift_freeze(it).await })
            .await
    }

    /// Ends a code that its user says was not for them, and blocks the user. Acts once for each code.
    /// Needs the scope `desk:approve`.
    ///
    /// # Errors
    /// Those of every call, see [`CallError`].
    pub async fn repudiate(
        &self,
        request: RepudiateRequest,
    ) -> Result<RepudiateResponse, CallError> {
        self.calls
            .make(&self.stub, request, |mut stub, it| async move { stub.repudiate(it).await })
            .await
    }

    /// Lifts the block of a user who repudiated a code. Needs the scope `desk:approve`.
    ///
    /// # Errors
    /// [`CallError::UserNotFound`], [`CallError::SignInAgain`], and those of every call.
    pub async fn lift_repudiation(
        &self,
        request: LiftRepudiationRequest,
    ) -> Result<LiftRepudiationResponse, CallError> {
        self.calls
            .make(
                &self.stub,
                request,
                |mut stub, it| async move { stub.lift_repudiation(it).await },
            )
            .await
    }
}
