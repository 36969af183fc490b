//! Issues a code under the rules of a desk, and tells what an issue would meet.

use desk::desk::House;
use desk::messages::{DeskIssuance, Explained, Trace};
use desk::request::Ask;
use desk::rule::Rule;
use edge::principal::Principal;
use wire::decisions::from_explanation;
use wire::desk::v1::ExplainIssueResponse;
use wire::error::{DeskFault, Fault};

use super::figures::{self, Outcome};
use super::trail::Happened;
use crate::{CodeIssuer, Issued};

impl CodeIssuer {
    /// Issues a code where the application has a desk.
    pub(crate) async fn issue_at_desk(
        &self,
        principal: &Principal,
        ask: &mut Ask,
    ) -> Result<Issued, Fault> {
        ask.standing = principal.standing(config::Right::Issue);
        let house = house(principal)?;
        let issuance = self.desk.issue(principal.caller(), house, ask).await;
        match issuance.map_err(edge::unavailable)? {
            DeskIssuance::Decided(issuance) => {
                let issued = wire::issuer::issued(issuance)?;
                figures::count(Outcome::Issued);
                Ok(Issued::Code(issued))
            }
            DeskIssuance::Pending(trace, pending) => {
                figures::count(Outcome::Pending(pending.cause));
                let happened = Happened {
                    request_id: Some(pending.request_id),
                    cause: Some(pending.cause.as_str()),
                    ..about(trace, ask, "approval.requested")
                };
                self.record(principal, happened).await?;
                Ok(Issued::Pending(pending))
            }
            DeskIssuance::Refused(trace, rule) => {
                let happened =
                    Happened { refusal: Some(rule.as_str()), ..about(trace, ask, "issue.refused") };
                self.record(principal, happened).await?;
                Err(self.refused(rule))
            }
            DeskIssuance::Froze(trace) => {
                self.record(principal, about(trace, ask, "agent.frozen")).await?;
                Err(self.refused(Rule::FrozenAgent))
            }
            DeskIssuance::AgentRequired => Err(self.refused(Rule::AgentRequired)),
        }
    }

    /// Tells what an issue would meet now.
    pub(super) async fn explain(
        &self,
        principal: &Principal,
        mut ask: Ask,
    ) -> Result<ExplainIssueResponse, Fault> {
        principal.name_agent(&mut ask.issue.context)?;
        principal.admit_to(&ask.issue.user).await?;
        ask.standing = principal.standing(config::Right::Issue);
        let caller = principal.caller();
        let explained = self.desk.explain(caller, house(principal)?, &ask).await;
        let explained = explained.map_err(edge::unavailable)?;
        let subject = match &explained {
            Explained::Policy(explanation) => Some(explanation.subject),
            Explained::Refused(_) => None,
        };
        let looked = Happened { subject, ..Happened::new("issue.explained") };
        self.record(principal, looked).await?;
        let explanation = match explained {
            Explained::Policy(explanation) => explanation,
            Explained::Refused(issuance) => {
                // No check before the policy issues a code.
                let refused = wire::issuer::issued(issuance).err();
                return Err(refused.unwrap_or(Fault::IdempotencyConflict));
            }
        };
        let stops = self.desk.stops(&caller.application).await.map_err(edge::unavailable)?;
        let settings = principal.desk()?.policy.settings();
        Ok(from_explanation(explanation, settings, &stops))
    }

    fn refused(&self, rule: Rule) -> Fault {
        figures::count(Outcome::Refused(&rule));
        let retry_after = rule.until().map(|until| until.since(self.clock.now()));
        Fault::Desk(DeskFault::Rule { rule, retry_after })
    }
}

/// The parts of an application that a desk works with.
pub(super) fn house(principal: &Principal) -> Result<House<'_>, Fault> {
    let application = principal.application();
    Ok(House {
        codes: &application.policy,
        desk: &principal.desk()?.policy,
        directory: &*application.directory,
        tiers: &*application.tiers,
    })
}

fn about<'a>(trace: Trace, ask: &'a Ask, action: &'static str) -> Happened<'a> {
    let Trace { subject, attempt } = trace;
    let said = Some(&ask.issue.context);
    Happened { subject: Some(subject), attempt: Some(attempt), said, ..Happened::new(action) }
}
