//! `DeskService`: requests in, replies out.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::{Agent, AgentId, ProviderId};
use desk::decide::{Count, Facts, Verdict};
use desk::messages::{Decided, Decision, Explanation, RequestView};
use desk::names::{Group, RequestId, Scope, Tier};
use desk::policy::DeskSettings;
use desk::request::Ask;
use desk::rule::Rule;
use desk::store::{LONGEST_BRAKE, Stops};

use crate::code::v1 as code;
use crate::desk::v1::{self as pb, brake_target::Target};
use crate::error::{DeskFault, Fault};
use crate::issuer::parse_issue;
use crate::time::to_wire;
use crate::violations::{Parsed, Violations, user_identifier};

/// Reads which issue to explain.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_explain(request: pb::ExplainIssueRequest) -> Result<Ask, Fault> {
    parse_issue(request.issue.unwrap_or_default())
}

/// Writes what an issue would meet.
pub fn from_explanation(
    Explanation { tier, verdict, complete, facts, .. }: Explanation,
    settings: &DeskSettings,
    stops: &Stops,
) -> pb::ExplainIssueResponse {
    let (rule, message, retry_at) = told(&verdict);
    let (rule_if_complete, message_if_complete, _) = told(&complete);
    pb::ExplainIssueResponse {
        outlook: outlook(&verdict).into(),
        rule,
        message,
        retry_at: retry_at.map(to_wire),
        tier: tier.as_ref().map(Tier::to_string).unwrap_or_default(),
        required: settings.require.iter().map(|it| it.as_str().to_owned()).collect(),
        verification_methods: settings.verification_methods.iter().cloned().collect(),
        limits: limits(settings, &facts),
        brakes: from_brakes(stops),
        frozen: facts.is_frozen,
        outlook_if_complete: outlook(&complete).into(),
        rule_if_complete,
        message_if_complete,
    }
}

/// The rule behind a verdict, what to do about it, and when it no longer refuses.
fn told(verdict: &Verdict) -> (String, String, Option<Timestamp>) {
    let rule = match verdict {
        Verdict::Allow => return Default::default(),
        Verdict::NeedsApproval(cause) => return (cause.as_str().to_owned(), String::new(), None),
        Verdict::Refuse(rule) => rule,
        Verdict::Freeze => &Rule::FrozenAgent,
    };
    (rule.as_str().to_owned(), rule.to_string(), rule.until())
}

const fn outlook(verdict: &Verdict) -> pb::IssueOutlook {
    match verdict {
        Verdict::Allow => pb::IssueOutlook::Admitted,
        Verdict::NeedsApproval(_) => pb::IssueOutlook::NeedsApproval,
        Verdict::Refuse(_) | Verdict::Freeze => pb::IssueOutlook::Refused,
    }
}

fn limits(settings: &DeskSettings, facts: &Facts) -> Vec<pb::LimitUse> {
    let limits = settings.limits;
    let uses = [
        ("agent_per_hour", limits.agent_per_hour, facts.agent),
        ("group_per_hour", limits.group_per_hour, facts.group),
        ("user_per_day", limits.user_per_day, facts.user),
    ];
    let uses = uses.into_iter().filter_map(|(limit, allowed, Count { number, until })| {
        let resets_at = (number > 0).then(|| to_wire(until));
        Some(pb::LimitUse { limit: limit.to_owned(), allowed: allowed?, used: number, resets_at })
    });
    uses.collect()
}

/// Writes the brakes that are set.
pub fn from_brakes(stops: &Stops) -> Vec<pb::Brake> {
    stops.brakes.iter().map(|(scope, until)| brake(scope, *until)).collect()
}

fn brake(scope: &Scope, until: Timestamp) -> pb::Brake {
    let target = match scope {
        Scope::Application => Target::Application(true),
        Scope::Group(group) => Target::Group(group.to_string()),
        Scope::Agent(agent) => Target::Agent(from_agent(agent)),
    };
    pb::Brake {
        target: Some(pb::BrakeTarget { target: Some(target) }),
        expires_at: Some(to_wire(until)),
    }
}

fn from_agent(Agent { provider, id }: &Agent) -> pb::AgentRef {
    pb::AgentRef { provider: provider.to_string(), agent_id: id.to_string() }
}

/// Writes a request for approval.
pub fn from_request(view: &RequestView) -> pb::ApprovalRequest {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let context = &view.context;
    pb::ApprovalRequest {
        request_id: view.id.to_string(),
        client_id: view.client.to_string(),
        requester: Some(from_agent(&view.agent)),
        user: Some(user_identifier(view.user.kind(), view.user.value())),
        tier: view.tier.to_string(),
        cause: view.cause.as_str().to_owned(),
        context: Some(code::IssueContext {
            agent_id: text(&context.agent_id),
            reason: text(&context.reason),
            ticket_ref: text(&context.ticket_ref),
            verification_method: text(&context.verification_method),
            pairing_confirmed: false,
        }),
        paired: view.is_paired,
        override_lockout: view.overrides_lockout,
        expires_in: view.expires_in.and_then(|life| prost_types::Duration::try_from(life).ok()),
        expires_at: Some(to_wire(view.expires_at)),
    }
}

/// Reads a decision: about which request, what, and why.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_decide(
    request: pb::DecideRequestRequest,
) -> Result<(RequestId, Decision, Option<String>), Fault> {
    let mut violations = Violations::default();
    let id = violations.check("request_id", RequestId::parse(&request.request_id));
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(id), Ok(reason)) = (id, reason) else { return Err(violations.into()) };
    let decision = if request.approve { Decision::Approve } else { Decision::Deny };
    Ok((id, decision, reason))
}

/// The request that was decided, and whether both agents approve each other; or why it was not.
///
/// # Errors
/// The fault of each outcome without a decision.
pub fn decided(decided: Decided) -> Result<(RequestView, bool), Fault> {
    let rule = |rule| DeskFault::Rule { rule, retry_after: None };
    Err(Fault::Desk(match decided {
        Decided::Done { view, is_mutual } => return Ok((*view, is_mutual)),
        Decided::AgentRequired => rule(Rule::AgentRequired),
        Decided::Tier => rule(Rule::Tier),
        Decided::NotFound => DeskFault::RequestNotFound,
        Decided::Expired => DeskFault::RequestExpired,
        Decided::AlreadyDecided => DeskFault::RequestDecided,
        Decided::OwnRequest => DeskFault::OwnRequest,
    }))
}

/// What to stop, for how long, and why. Without a time the brake is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrakeOrder {
    /// What.
    pub scope: Scope,
    /// For how long.
    pub life: Option<Duration>,
    /// Why.
    pub reason: Option<String>,
}

/// Reads which brake to set or release.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_brake(request: pb::SetBrakeRequest) -> Result<BrakeOrder, Fault> {
    let mut violations = Violations::default();
    let target = request.target.and_then(|target| target.target);
    let scope = match target {
        None => Err(violations.note("target", "must be given: application, group or agent")),
        Some(Target::Application(false)) => {
            Err(violations.note("target.application", "must be true"))
        }
        Some(Target::Application(true)) => Ok(Scope::Application),
        Some(Target::Group(group)) => {
            violations.check("target.group", Group::parse(&group)).map(Scope::Group)
        }
        Some(Target::Agent(agent)) => {
            to_agent(&mut violations, "target.agent", Some(&agent)).map(Scope::Agent)
        }
    };
    let longest = (LONGEST_BRAKE, "must be at most 7 days");
    let life = to_life(&mut violations, request.expires_in.as_ref(), longest);
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(scope), Ok(life), Ok(reason)) = (scope, life, reason) else {
        return Err(violations.into());
    };
    Ok(BrakeOrder { scope, life, reason })
}

/// The longest suspension of the rule that notices must not be late.
const LONGEST_SUSPENSION: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads for how long to suspend the rule that notices must not be late, and why. Without a time the
/// suspension ends.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_suspension(
    request: pb::SuspendLagRuleRequest,
) -> Result<(Option<Duration>, Option<String>), Fault> {
    let mut violations = Violations::default();
    let longest = (LONGEST_SUSPENSION, "must be at most 24 hours");
    let life = to_life(&mut violations, request.expires_in.as_ref(), longest);
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(life), Ok(reason)) = (life, reason) else { return Err(violations.into()) };
    Ok((life, reason))
}

/// Reads which agent to unfreeze, and why.
///
/// # Errors
/// [`Fault::InvalidArgument`] with every violation.
pub fn parse_lift(request: pb::LiftFreezeRequest) -> Result<(Agent, Option<String>), Fault> {
    let mut violations = Violations::default();
    let agent = to_agent(&mut violations, "agent", request.agent.as_ref());
    let reason = violations.text("reason", request.reason, Violations::LONG_TEXT);
    let (Ok(agent), Ok(reason)) = (agent, reason) else { return Err(violations.into()) };
    Ok((agent, reason))
}

/// Reads a time that may not exceed the longest; the text is that rule.
fn to_life(
    violations: &mut Violations,
    expires_in: Option<&prost_types::Duration>,
    (longest, rule): (Duration, &str),
) -> Parsed<Option<Duration>> {
    match violations.whole_seconds("expires_in", expires_in)? {
        Some(life) if life > longest => Err(violations.note("expires_in", rule)),
        life => Ok(life),
    }
}

fn to_agent(
    violations: &mut Violations,
    field: &str,
    agent: Option<&pb::AgentRef>,
) -> Parsed<Agent> {
    let Some(agent) = agent else { return Err(violations.note(field, "must be given")) };
    let provider = ProviderId::parse(&agent.provider);
    let provider = violations.check(&format!("{field}.provider"), provider);
    let id = violations.check(&format!("{field}.agent_id"), AgentId::parse(&agent.agent_id));
    Ok(Agent { provider: provider?, id: id? })
}
