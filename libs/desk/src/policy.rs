//! What an application requires of its help desk: a policy, which cannot be built wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::names::Tier;
use crate::ticket::TicketRule;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who may act for the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentRule {
    /// The client names the agent; Postern believes it.
    #[default]
    Asserted,
    /// The agent proved to an identity provider who they are.
    Verified,
}

impl AgentRule {
    /// All rules.
    pub const ALL: [Self; 2] = [Self::Asserted, Self::Verified];

    /// The rule's name in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::Verified => "verified",
        }
    }
}

/// Something that each issue must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// Why.
    Reason,
    /// The ticket.
    TicketRef,
    /// How the agent checked who is calling.
    VerificationMethod,
    /// That the agent compared the journey's facts with what the caller said. A code without a journey
    /// needs approval instead.
    PairingConfirmed,
}

impl Requirement {
    /// All requirements.
    pub const ALL: [Self; 4] =
        [Self::Reason, Self::TicketRef, Self::VerificationMethod, Self::PairingConfirmed];

    /// The name of the field, in a configuration and in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::TicketRef => "ticket_ref",
            Self::VerificationMethod => "verification_method",
            Self::PairingConfirmed => "pairing_confirmed",
        }
    }
}

/// How many issues are admitted in a fixed window. A limit that is not given does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For one agent within an hour.
    pub agent_per_hour: Option<u32>,
    /// For a group of agents within an hour.
    pub group_per_hour: Option<u32>,
    /// For one user within a day.
    pub user_per_day: Option<u32>,
}

/// When a second agent must approve an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// For users of these tiers.
    pub tiers: BTreeSet<Tier>,
    /// Above a limit, up to twice the limit.
    pub above_limits: bool,
    /// For codes that are tied to no journey.
    pub unpaired: bool,
    /// How long a request for approval lives.
    pub expires: Duration,
}

impl Approval {
    /// The default of `expires`.
    pub const EXPIRES: Duration = Duration::from_secs(15 * 60);
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            tiers: BTreeSet::new(),
            above_limits: false,
            unpaired: false,
            expires: Self::EXPIRES,
        }
    }
}

/// A policy as an administrator writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskSettings {
    /// Who may act for the desk.
    pub agent: AgentRule,
    /// What each issue must say.
    pub require: BTreeSet<Requirement>,
    /// The rule for tickets.
    pub ticket: Option<TicketRule>,
    /// The known verification methods; any if there are none.
    pub verification_methods: BTreeSet<String>,
    /// How many issues are admitted.
    pub limits: Limits,
    /// When a second agent must approve.
    pub approval: Option<Approval>,
}

/// Why a policy was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskPolicyError {
    /// A client could name another agent and so escape the limit.
    #[error("limits: agent_per_hour and group_per_hour need `agent: verified`")]
    LimitsOfAssertedAgents,
    /// A client could name another agent and approve its own request.
    #[error("approval needs `agent: verified`")]
    ApprovalByAssertedAgents,
    /// No issue, or more than a window has to count.
    #[error("limits must be from 1 to {}", DeskPolicy::MAX_LIMIT)]
    Limit,
    /// Too short for a second agent to look, or longer than a shift.
    #[error("approval: expires must be from 1m to 24h")]
    ApprovalExpires,
    /// Nothing ever needs the approval.
    #[error("approval must name tiers, above_limits or unpaired")]
    ApprovalOfNothing,
    /// An issue could leave the ticket out and so escape the rule.
    #[error("ticket needs `ticket_ref` in require")]
    TicketNotRequired,
    /// An issue could leave the method out and so escape the rule.
    #[error("verification_methods needs `verification_method` in require")]
    MethodNotRequired,
    /// There is no limit that an approval could exceed.
    #[error("approval: above_limits needs limits")]
    AboveNoLimits,
}

/// A valid policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskPolicy(DeskSettings);

impl DeskPolicy {
    /// The largest limit.
    pub const MAX_LIMIT: u32 = 100_000;

    /// Checks the settings, and reports everything that is wrong with them.
    ///
    /// # Errors
    /// One error for each setting that is out of its range or cannot hold.
    pub fn new(settings: DeskSettings) -> Result<Self, Vec<DeskPolicyError>> {
        let DeskSettings { agent, limits, approval, require, .. } = &settings;
        let is_verified = *agent == AgentRule::Verified;
        let Limits { agent_per_hour, group_per_hour, user_per_day } = *limits;
        let limits = [agent_per_hour, group_per_hour, user_per_day];
        let approves = |holds: fn(&Approval) -> bool| approval.as_ref().is_none_or(holds);
        let checks = [
            (
                is_verified || (agent_per_hour.is_none() && group_per_hour.is_none()),
                DeskPolicyError::LimitsOfAssertedAgents,
            ),
            (is_verified || approval.is_none(), DeskPolicyError::ApprovalByAssertedAgents),
            (
                limits.iter().flatten().all(|limit| (1..=Self::MAX_LIMIT).contains(limit)),
                DeskPolicyError::Limit,
            ),
            (
                approves(|approval| (MINUTE..=DAY).contains(&approval.expires)),
                DeskPolicyError::ApprovalExpires,
            ),
            (
                approves(|it| !it.tiers.is_empty() || it.above_limits || it.unpaired),
                DeskPolicyError::ApprovalOfNothing,
            ),
            (
                settings.ticket.is_none() || require.contains(&Requirement::TicketRef),
                DeskPolicyError::TicketNotRequired,
            ),
            (
                settings.verification_methods.is_empty()
                    || require.contains(&Requirement::VerificationMethod),
                DeskPolicyError::MethodNotRequired,
            ),
            (
                limits.iter().any(Option::is_some) || approves(|it| !it.above_limits),
                DeskPolicyError::AboveNoLimits,
            ),
        ];
        let errors: Vec<_> =
            checks.into_iter().filter(|(holds, _)| !holds).map(|(_, error)| error).collect();
        if errors.is_empty() { Ok(Self(settings)) } else { Err(errors) }
    }

    /// The settings that this policy was built from.
    pub const fn settings(&self) -> &DeskSettings {
        &self.0
    }

    /// Whether every agent must have proved who they are.
    pub fn is_verified(&self) -> bool {
        self.0.agent == AgentRule::Verified
    }

    /// Whether issues above a limit can be approved.
    pub fn approves_above_limits(&self) -> bool {
        self.0.approval.as_ref().is_some_and(|approval| approval.above_limits)
    }
}

/// The window of the limits on agents and groups.
pub const AGENT_WINDOW: Duration = HOUR;

/// The window of the limit on users.
pub const USER_WINDOW: Duration = DAY;

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(settings: DeskSettings) -> Vec<DeskPolicyError> {
        DeskPolicy::new(settings).err().unwrap_or_default()
    }

    #[test]
    fn controls_that_cannot_hold_are_refused_all_at_once() {
        let limits = Limits { agent_per_hour: Some(0), ..Limits::default() };
        let approval = Approval { expires: Duration::ZERO, ..Approval::default() };
        let settings = DeskSettings { limits, approval: Some(approval), ..DeskSettings::default() };
        assert_eq!(
            errors(settings),
            [
                DeskPolicyError::LimitsOfAssertedAgents,
                DeskPolicyError::ApprovalByAssertedAgents,
                DeskPolicyError::Limit,
                DeskPolicyError::ApprovalExpires,
                DeskPolicyError::ApprovalOfNothing,
            ]
        );
        let approval = Some(Approval { above_limits: true, ..Approval::default() });
        let settings =
            DeskSettings { agent: AgentRule::Verified, approval, ..DeskSettings::default() };
        assert_eq!(errors(settings.clone()), [DeskPolicyError::AboveNoLimits]);
        let limits = Limits { user_per_day: Some(3), ..Limits::default() };
        assert_eq!(errors(DeskSettings { limits, ..settings }), []);
        assert_eq!(errors(DeskSettings::default()), []);

        let ticket = TicketRule::new("INC[0-9]+", false).ok();
        let verification_methods = ["video".to_owned()].into();
        let optional = DeskSettings { ticket, verification_methods, ..DeskSettings::default() };
        let escapes = [DeskPolicyError::TicketNotRequired, DeskPolicyError::MethodNotRequired];
        assert_eq!(errors(optional.clone()), escapes);
        let require = [Requirement::TicketRef, Requirement::VerificationMethod].into();
        assert_eq!(errors(DeskSettings { require, ..optional }), []);
    }
}
