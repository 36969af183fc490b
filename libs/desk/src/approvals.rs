//! The use cases beside issuing: requests for approval, brakes and frozen agents.
//!
//! Whether the caller may approve or brake at all is checked before.

use std::time::Duration;

use codes::ids::{Agent, ApplicationId};
use codes::operations::{Caller, OperationError};

use crate::body::Body;
use crate::desk::Desk;
use crate::messages::{Decided, Decision, RequestView, Stopped};
use crate::names::{RequestId, Scope};
use crate::policy::DeskPolicy;
use crate::request::Standing;
use crate::store::{Decide, DecideOutcome, LONGEST_BRAKE, MAX_BRAKES, Request, Stop, Stops};

impl Desk {
    /// The requests that wait for approval, for users of the tiers that the agent may serve.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list_requests(
        &self,
        caller: &Caller,
        standing: &Standing,
    ) -> Result<Vec<RequestView>, OperationError> {
        let requests = self.store.requests(&caller.application, self.now()).await?;
        let views = requests.iter().filter_map(|request| self.view(&caller.application, request));
        Ok(views.filter(|view| standing.tiers.contains(&view.tier)).collect())
    }

    /// The request of that id, in any state; `None` if there is none, or it ended an hour ago.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find_request(
        &self,
        application: &ApplicationId,
        id: RequestId,
    ) -> Result<Option<RequestView>, OperationError> {
        let request = self.store.request(application, self.now(), id).await?;
        Ok(request.and_then(|request| self.view(application, &request)))
    }

    /// How many requests wait for approval.
    ///
    /// # Errors
    /// The store failed.
    pub async fn waiting(&self, application: &ApplicationId) -> Result<usize, OperationError> {
        Ok(self.store.waiting(application, self.now()).await?)
    }

    /// Approves or denies a request of another agent, as [`find_request`](Self::find_request) found it. The
    /// approver never sees the code.
    ///
    /// # Errors
    /// The store failed. The decision may have been taken: the same call finds out.
    pub async fn decide_request(
        &self,
        caller: &Caller,
        standing: &Standing,
        request: Option<RequestView>,
        decision: Decision,
    ) -> Result<Decided, OperationError> {
        let Some(approver) = caller.agent.clone() else { return Ok(Decided::AgentRequired) };
        let Some(view) = request else { return Ok(Decided::NotFound) };
        if !standing.tiers.contains(&view.tier) {
            return Ok(Decided::Tier);
        }
        let requester = view.agent.clone();
        let command = Decide { id: view.id, approver, requester, decision };
        let outcome = self.store.decide(&caller.application, self.now(), command).await?;
        Ok(match outcome {
            DecideOutcome::Done { is_mutual } => Decided::Done { view: Box::new(view), is_mutual },
            DecideOutcome::NotFound => Decided::NotFound,
            DecideOutcome::Expired => Decided::Expired,
            DecideOutcome::AlreadyDecided => Decided::AlreadyDecided,
            DecideOutcome::OwnRequest => Decided::OwnRequest,
        })
    }

    /// Stops issuing. A longer brake of the same scope stays.
    ///
    /// # Errors
    /// The store failed: the brake may be set.
    pub async fn set_brake(
        &self,
        caller: &Caller,
        scope: Scope,
        life: Duration,
    ) -> Result<Stopped, OperationError> {
        if !(Duration::from_secs(1)..=LONGEST_BRAKE).contains(&life) {
            return Ok(Stopped::OutOfRange);
        }
        if scope != Scope::Application {
            let brakes = self.stops(&caller.application).await?.brakes;
            if brakes.len() >= MAX_BRAKES && brakes.iter().all(|(set, _)| *set != scope) {
                return Ok(Stopped::TooManyBrakes);
            }
        }
        self.stop(caller, Stop::Brake(scope, life)).await
    }

    /// Lifts a brake.
    ///
    /// # Errors
    /// The store failed: the brake may be lifted.
    pub async fn lift_brake(
        &self,
        caller: &Caller,
        policy: &DeskPolicy,
        scope: Scope,
    ) -> Result<Stopped, OperationError> {
        self.lift(caller, policy, Stop::Release(scope)).await
    }

    /// Lets a frozen agent issue again.
    ///
    /// # Errors
    /// The store failed: the agent may be free.
    pub async fn lift_freeze(
        &self,
        caller: &Caller,
        policy: &DeskPolicy,
        agent: Agent,
    ) -> Result<Stopped, OperationError> {
        self.lift(caller, policy, Stop::Thaw(agent)).await
    }

    /// The brakes and frozen agents.
    ///
    /// # Errors
    /// The store failed.
    pub async fn stops(&self, application: &ApplicationId) -> Result<Stops, OperationError> {
        Ok(self.store.stops(application, self.now()).await?)
    }

    async fn lift(
        &self,
        caller: &Caller,
        policy: &DeskPolicy,
        stop: Stop,
    ) -> Result<Stopped, OperationError> {
        if policy.is_verified() && caller.agent.is_none() {
            return Ok(Stopped::AgentRequired);
        }
        self.stop(caller, stop).await
    }

    async fn stop(&self, caller: &Caller, stop: Stop) -> Result<Stopped, OperationError> {
        let has_changed = self.store.stop(&caller.application, self.now(), stop).await?;
        Ok(Stopped::Done { has_changed })
    }

    fn view(&self, application: &ApplicationId, request: &Request) -> Option<RequestView> {
        let body = Body::open(&self.operations.peppers, application, request)?;
        body.view(request)
    }
}
