//! Approvals, brakes and lifts: each takes effect, and is written to the audit trail before the answer.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::Agent;
use config::Right;
use desk::messages::{Decision, RequestView, Stopped};
use desk::names::{RequestId, Scope};
use desk::rule::Rule;
use edge::principal::Principal;
use wire::error::{DeskFault, Fault};
use wire::violations::FieldViolation;

use super::figures;
use super::trail::Happened;
use crate::CodeIssuer;

impl CodeIssuer {
    /// Approves or denies a request. Says too whether both agents approve each other's requests.
    pub(super) async fn decide(
        &self,
        principal: &Principal,
        id: RequestId,
        decision: Decision,
        reason: Option<String>,
    ) -> Result<(RequestView, bool), Fault> {
        let standing = principal.standing(Right::Approve);
        let caller = principal.caller();
        let request = self.desk.find_request(&caller.application, id).await;
        let request = request.map_err(edge::unavailable)?;
        if let Some(request) = &request {
            // Agents may not approve codes for their own account.
            principal.admit_to(&request.user).await?;
        }
        let decided = self.desk.decide_request(caller, &standing, request, decision).await;
        let (view, is_mutual) = wire::decisions::decided(decided.map_err(edge::unavailable)?)?;
        let action = match decision {
            Decision::Approve => "approval.granted",
            Decision::Deny => "approval.denied",
        };
        let happened = Happened {
            request_id: Some(id),
            requester: Some(&view.agent),
            cause: Some(view.cause.as_str()),
            mutual: Some(is_mutual),
            reason,
            ..Happened::new(action)
        };
        self.record(principal, happened).await?;
        figures::decided(decision, is_mutual);
        Ok((view, is_mutual))
    }

    /// Stops issuing, and tells until when.
    pub(super) async fn set_brake(
        &self,
        principal: &Principal,
        scope: Scope,
        life: Duration,
        reason: Option<String>,
    ) -> Result<Timestamp, Fault> {
        let caller = principal.caller();
        let set = self.desk.set_brake(caller, scope.clone(), life).await;
        stopped(set.map_err(edge::unavailable)?)?;
        // A longer brake of the same scope stays.
        let stops = self.desk.stops(&caller.application).await.map_err(edge::unavailable)?;
        let brake = stops.brakes.into_iter().find(|(set, _)| *set == scope);
        let until = brake.map_or_else(|| self.clock.now() + life, |(_, until)| until);
        let happened = Happened {
            stopped: Some(&scope),
            until: Some(until),
            reason,
            ..Happened::new("brake.set")
        };
        self.record(principal, happened).await?;
        Ok(until)
    }

    /// Releases a brake.
    pub(super) async fn release_brake(
        &self,
        principal: &Principal,
        scope: Scope,
        reason: Option<String>,
    ) -> Result<(), Fault> {
        refuse_own_stop(principal, &scope)?;
        let policy = &principal.desk()?.policy;
        let lifted = self.desk.lift_brake(principal.caller(), policy, scope.clone()).await;
        stopped(lifted.map_err(edge::unavailable)?)?;
        let happened =
            Happened { stopped: Some(&scope), reason, ..Happened::new("brake.released") };
        self.record(principal, happened).await
    }

    /// Lets codes be issued although notices are late, and tells until when; or ends that.
    pub(super) async fn suspend_lag_rule(
        &self,
        principal: &Principal,
        life: Option<Duration>,
        reason: Option<String>,
    ) -> Result<Option<Timestamp>, Fault> {
        self.notices.suspend_lag_rule(principal, life.unwrap_or_default()).await?;
        let until = life.map(|life| self.clock.now() + life);
        let action = if until.is_some() { "lag_rule.suspended" } else { "lag_rule.resumed" };
        self.record(principal, Happened { until, reason, ..Happened::new(action) }).await?;
        Ok(until)
    }

    /// Lets a frozen agent issue again. Says whether the agent was frozen.
    pub(super) async fn lift_freeze(
        &self,
        principal: &Principal,
        agent: Agent,
        reason: Option<String>,
    ) -> Result<bool, Fault> {
        let scope = Scope::Agent(agent.clone());
        refuse_own_stop(principal, &scope)?;
        let policy = &principal.desk()?.policy;
        let lifted = self.desk.lift_freeze(principal.caller(), policy, agent).await;
        let lifted = stopped(lifted.map_err(edge::unavailable)?)?;
        let happened = Happened { stopped: Some(&scope), reason, ..Happened::new("freeze.lifted") };
        self.record(principal, happened).await?;
        Ok(lifted)
    }
}

/// Refuses agents who would lift what stops themselves. A brake on the application stops every agent who
/// may issue.
fn refuse_own_stop(principal: &Principal, scope: &Scope) -> Result<(), Fault> {
    let agent = principal.caller().agent.as_ref();
    let is_own = match scope {
        Scope::Application => agent.is_some() && principal.has(tokens::scope::Scope::CodesIssue),
        Scope::Group(group) => principal.standing(Right::Issue).group.as_ref() == Some(group),
        Scope::Agent(stopped) => agent == Some(stopped),
    };
    if is_own { Err(Fault::Desk(DeskFault::OwnStop)) } else { Ok(()) }
}

/// Whether a change of what is stopped changed anything.
fn stopped(stopped: Stopped) -> Result<bool, Fault> {
    match stopped {
        Stopped::Done { has_changed } => Ok(has_changed),
        Stopped::AgentRequired => {
            Err(Fault::Desk(DeskFault::Rule { rule: Rule::AgentRequired, retry_after: None }))
        }
        Stopped::TooManyBrakes => Err(Fault::Desk(DeskFault::TooManyBrakes)),
        Stopped::OutOfRange => {
            let rule = "must be from 1 second to 7 days";
            Err(Fault::InvalidArgument(vec![FieldViolation::new("expires_in", rule)]))
        }
    }
}
