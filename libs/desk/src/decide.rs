//! The decision on an issue: a pure function of the policy, the request, and the facts that a store
//! keeps. The first rule that matches decides:
//!
//! 1. a brake, 2. a frozen agent, 3. missing or wrong fields, 4. a ticket of another user, 5. the user's
//!    limit, 6. a tier that the agent may not serve, 7. the limit of the agent or the group, 8. approval.
//!
//! Above a limit, an issue needs approval where the policy says so, and is refused otherwise. Twice the
//! limit is refused always; twice the limit of an agent freezes that agent.

use clock::Timestamp;
use codes::audit::Context;

use crate::names::{Scope, Tier};
use crate::policy::{DeskPolicy, DeskSettings, Limits, Requirement};
use crate::request::Ask;
use crate::rule::{Cause, Rule};

/// What the policy and the request say by themselves, before a store is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The first field that is missing or wrong.
    pub fields: Option<Rule>,
    /// Why the agent may not serve the user's tier.
    pub tier: Option<Rule>,
    /// Why the issue needs approval regardless of the counts.
    pub cause: Option<Cause>,
    /// The limits.
    pub limits: Limits,
    /// Whether issues above a limit can be approved.
    pub above_limits: bool,
}

/// What a store knows about an issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The brake that stops the issue; the widest if there are several.
    pub brake: Option<(Scope, Timestamp)>,
    /// Whether the agent is frozen.
    pub is_frozen: bool,
    /// Whether the ticket was admitted for another user.
    pub ticket_is_taken: bool,
    /// The issues for the user in the present window.
    pub user: Count,
    /// The issues by the agent.
    pub agent: Count,
    /// The issues by the agent's group.
    pub group: Count,
}

/// Issues in a window; none if its end is past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub number: u32,
    /// When the window ends.
    pub until: Timestamp,
}

/// The decision on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is against it.
    Allow,
    /// A second agent must approve it.
    NeedsApproval(Cause),
    /// It is refused.
    Refuse(Rule),
    /// It is refused, and the agent is frozen from now on.
    Freeze,
}

impl Case {
    /// Judges what needs no store. `tier` is the user's; `None` if the directory names none.
    pub fn new(policy: &DeskPolicy, ask: &Ask, tier: Option<&Tier>) -> Self {
        let DeskSettings { approval, limits, .. } = policy.settings();
        let is_unpaired = ask.issue.pairing.is_none();
        let cause = approval.as_ref().and_then(|approval| match tier {
            Some(tier) if approval.tiers.contains(tier) => Some(Cause::Tier),
            Some(_) | None => (approval.unpaired && is_unpaired).then_some(Cause::Unpaired),
        });
        let tier = match tier {
            // Agents who are only named have no roles, and so no tiers.
            _ if !policy.is_verified() => None,
            None => Some(Rule::UnknownTier),
            Some(tier) => (!ask.standing.tiers.contains(tier)).then_some(Rule::Tier),
        };
        Self {
            fields: fields(policy.settings(), ask),
            tier,
            cause,
            limits: *limits,
            above_limits: policy.approves_above_limits(),
        }
    }
}

/// The first field that is missing or wrong.
fn fields(policy: &DeskSettings, ask: &Ask) -> Option<Rule> {
    let Context { reason, ticket_ref, verification_method, .. } = &ask.issue.context;
    let is_said = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.trim().is_empty());
    let missing = policy.require.iter().find(|requirement| match requirement {
        Requirement::Reason => !is_said(reason),
        Requirement::TicketRef => !is_said(ticket_ref),
        Requirement::VerificationMethod => !is_said(verification_method),
        // Without a journey there are no facts to compare: a second agent must approve instead.
        Requirement::PairingConfirmed if ask.issue.pairing.is_none() => {
            !policy.approval.as_ref().is_some_and(|approval| approval.unpaired)
        }
        Requirement::PairingConfirmed => !ask.pairing_confirmed,
    });
    if let Some(missing) = missing {
        return Some(Rule::MissingField(*missing));
    }
    let methods = &policy.verification_methods;
    if !methods.is_empty() && verification_method.as_ref().is_some_and(|it| !methods.contains(it)) {
        return Some(Rule::VerificationMethod);
    }
    let is_wrong = |ticket: &String| policy.ticket.as_ref().is_some_and(|it| !it.matches(ticket));
    ticket_ref.as_ref().is_some_and(is_wrong).then_some(Rule::TicketPattern)
}

/// Decides on an issue. One that was approved is not counted again: its request was.
pub fn decide(case: &Case, facts: &Facts, is_approved: bool) -> Verdict {
    if let Some((scope, until)) = facts.brake.clone() {
        return Verdict::Refuse(Rule::Brake { scope, until });
    }
    if facts.is_frozen {
        return Verdict::Refuse(Rule::FrozenAgent);
    }
    if let Some(wrong) = case.fields.clone() {
        return Verdict::Refuse(wrong);
    }
    if facts.ticket_is_taken {
        return Verdict::Refuse(Rule::TicketTaken);
    }
    let Limits { agent_per_hour, group_per_hour, user_per_day } = case.limits;
    let user = facts.user.against(user_per_day);
    if !is_approved && user.refuses(case.above_limits) {
        return Verdict::Refuse(Rule::UserLimit(facts.user.until));
    }
    if let Some(wrong) = case.tier.clone() {
        return Verdict::Refuse(wrong);
    }
    if is_approved {
        return Verdict::Allow;
    }
    let agent = facts.agent.against(agent_per_hour);
    if agent == Reached::Twice {
        return Verdict::Freeze;
    }
    if agent.refuses(case.above_limits) {
        return Verdict::Refuse(Rule::AgentLimit(facts.agent.until));
    }
    let group = facts.group.against(group_per_hour);
    if group.refuses(case.above_limits) {
        return Verdict::Refuse(Rule::GroupLimit(facts.group.until));
    }
    let above = [(user, Cause::UserLimit), (agent, Cause::AgentLimit), (group, Cause::GroupLimit)];
    let above = above.into_iter().find(|(reached, _)| *reached != Reached::No);
    match case.cause.or(above.map(|(_, cause)| cause)) {
        Some(cause) => Verdict::NeedsApproval(cause),
        None => Verdict::Allow,
    }
}

/// Why an issue that was counted may not go on: what has changed since may bar it.
pub fn bar(case: &Case, facts: &Facts) -> Option<Rule> {
    match decide(case, facts, true) {
        Verdict::Refuse(rule) => Some(rule),
        // An issue that was counted needs no further approval and freezes no agent.
        Verdict::Allow | Verdict::NeedsApproval(_) | Verdict::Freeze => None,
    }
}

/// How far a window is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    No,
    Once,
    Twice,
}

impl Reached {
    /// Whether the issue is refused, given whether issues above the limit can be approved.
    fn refuses(self, above_limits: bool) -> bool {
        match self {
            Self::No => false,
            Self::Once => !above_limits,
            Self::Twice => true,
        }
    }
}

impl Count {
    fn against(self, limit: Option<u32>) -> Reached {
        match limit {
            Some(limit) if self.number >= limit.saturating_mul(2) => Reached::Twice,
            Some(limit) if self.number >= limit => Reached::Once,
            Some(_) | None => Reached::No,
        }
    }
}
