//! `postern.desk.v1.DeskService`, and how a code is issued where the application has a desk.

mod decisions;
pub(crate) mod figures;
mod issue;
mod repudiations;
mod trail;
mod watch;

use codes::audit::Context;
use desk::names::Tier;
use desk::request::Standing;
use edge::guard::{Guarded, principal};
use edge::principal::Principal;
use tonic::{Request, Response, Status};
use wire::decisions::{
    BrakeOrder, from_brakes, from_request, parse_brake, parse_decide, parse_explain, parse_lift,
    parse_suspension,
};
use wire::desk::v1::desk_service_server::{DeskService, DeskServiceServer};
use wire::desk::v1::{
    DecideRequestRequest, DecideRequestResponse, ExplainIssueRequest, ExplainIssueResponse,
    LiftFreezeRequest, LiftFreezeResponse, LiftRepudiationRequest, LiftRepudiationResponse,
    ListRequestsRequest, ListRequestsResponse, RepudiateByLinkRequest, RepudiateByLinkResponse,
    RepudiateRequest, RepudiateResponse, SetBrakeRequest, SetBrakeResponse, SuspendLagRuleRequest,
    SuspendLagRuleResponse,
};
use wire::error::Fault;
use wire::repudiation::{self, from_lifted, from_repudiated, parse_repudiate};
use wire::time::to_wire;

use self::trail::Happened;
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
        let principal = principal(&request)?;
        principal.desk()?;
        let ask = parse_explain(request.into_inner())?;
        Ok(Response::new(self.explain(&principal, ask).await?))
    }

    async fn list_requests(
        &self,
        request: Request<ListRequestsRequest>,
    ) -> Result<Response<ListRequestsResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_agent()?;
        let listed = self.desk.list_requests(principal.caller(), &reach(&principal)).await;
        let listed = listed.map_err(edge::unavailable)?;
        let stops = self.desk.stops(&principal.caller().application).await;
        let stops = stops.map_err(edge::unavailable)?;
        let suspended = self.notices.suspended_until(&principal).await?;
        self.record(&principal, Happened::new("requests.listed")).await?;
        Ok(Response::new(ListRequestsResponse {
            requests: listed.iter().map(from_request).collect(),
            brakes: from_brakes(&stops),
            lag_rule_suspended_until: suspended.map(to_wire),
        }))
    }

    async fn decide_request(
        &self,
        request: Request<DecideRequestRequest>,
    ) -> Result<Response<DecideRequestResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_recent_sign_in(self.clock.now())?;
        let (id, decision, reason) = parse_decide(request.into_inner())?;
        let (view, mutual) = self.decide(&principal, id, decision, reason).await?;
        Ok(Response::new(DecideRequestResponse { request: Some(from_request(&view)), mutual }))
    }

    async fn set_brake(
        &self,
        request: Request<SetBrakeRequest>,
    ) -> Result<Response<SetBrakeResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        let BrakeOrder { scope, life, reason } = parse_brake(request.into_inner())?;
        let until = if let Some(life) = life {
            Some(self.set_brake(&principal, scope, life, reason).await?)
        } else {
            principal.require_recent_sign_in(self.clock.now())?;
            self.release_brake(&principal, scope, reason).await?;
            None
        };
        Ok(Response::new(SetBrakeResponse { expires_at: until.map(to_wire) }))
    }

    async fn suspend_lag_rule(
        &self,
        request: Request<SuspendLagRuleRequest>,
    ) -> Result<Response<SuspendLagRuleResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_recent_sign_in(self.clock.now())?;
        let (life, reason) = parse_suspension(request.into_inner())?;
        let until = self.suspend_lag_rule(&principal, life, reason).await?;
        Ok(Response::new(SuspendLagRuleResponse { expires_at: until.map(to_wire) }))
    }

    async fn lift_freeze(
        &self,
        request: Request<LiftFreezeRequest>,
    ) -> Result<Response<LiftFreezeResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_recent_sign_in(self.clock.now())?;
        let (agent, reason) = parse_lift(request.into_inner())?;
        let lifted = self.lift_freeze(&principal, agent, reason).await?;
        Ok(Response::new(LiftFreezeResponse { lifted }))
    }

    async fn repudiate(
        &self,
        request: Request<RepudiateRequest>,
    ) -> Result<Response<RepudiateResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_agent()?;
        let (code_id, mut context) = parse_repudiate(request.into_inner())?;
        principal.name_agent(&mut context)?;
        let now = self.clock.now();
        let repudiated = self.repudiate_code(&principal, &code_id, now, &context).await?;
        Ok(Response::new(from_repudiated(repudiated.as_ref())?))
    }

    async fn repudiate_by_link(
        &self,
        request: Request<RepudiateByLinkRequest>,
    ) -> Result<Response<RepudiateByLinkResponse>, Status> {
        let principal = principal(&request)?;
        let link = principal.link().ok_or(Fault::Unauthenticated)?;
        let (code_id, context) = (&link.code_id, Context::default());
        self.repudiate_code(&principal, code_id, link.told_of, &context).await?;
        Ok(Response::new(RepudiateByLinkResponse {}))
    }

    async fn lift_repudiation(
        &self,
        request: Request<LiftRepudiationRequest>,
    ) -> Result<Response<LiftRepudiationResponse>, Status> {
        let principal = principal(&request)?;
        principal.desk()?;
        principal.require_recent_sign_in(self.clock.now())?;
        let (user, mut context) = repudiation::parse_lift(request.into_inner())?;
        principal.name_agent(&mut context)?;
        principal.admit_to(&user).await?;
        let directory = &principal.application().directory;
        let lifted = self.repudiator.lift(principal.caller(), &**directory, &user, &context).await;
        Ok(Response::new(from_lifted(lifted.map_err(edge::unavailable)?)?))
    }
}

/// The tiers whose requests an agent may see: those that they may issue for or approve.
fn reach(principal: &Principal) -> Standing {
    use config::Right::{Approve, Issue};
    let tiers: std::collections::BTreeSet<Tier> =
        [Issue, Approve].into_iter().flat_map(|right| principal.standing(right).tiers).collect();
    Standing { tiers, group: None }
}
