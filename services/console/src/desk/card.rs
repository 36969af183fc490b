//! What an agent sees of a user before they issue a code.

use axum::response::Response;
use client::{
    BrowserFamily, CallError, CodeState, DescribeCodeRequest, DescribeCodeResponse,
    DescribeLockoutRequest, DescribeLockoutResponse, DescribePairingRequest, ExplainIssueResponse,
    IssueOutlook,
};

use super::form::{Issue, LookUp, TYPES};
use crate::agent::Agent;
use crate::{refusal, words};

/// A user, the journey that they opened, and the form that issues a code.
pub(super) struct Card {
    pub(super) user: String,
    pub(super) kind: &'static str,
    pub(super) code: Option<DescribeCodeResponse>,
    pub(super) lockout: Option<DescribeLockoutResponse>,
    pub(super) journey: Option<Journey>,
    pub(super) outlook: Outlook,
    pub(super) explained: Option<ExplainIssueResponse>,
    /// What the agent has filled in, with the form's token.
    pub(super) issue: Issue,
    /// The token of the form with the other buttons.
    pub(super) act: String,
}

/// The journey under the pairing number.
pub(super) enum Journey {
    Found {
        opened_at: Option<prost_types::Timestamp>,
        address: String,
        browser: &'static str,
    },
    /// With the next step.
    Missing(String),
}

/// What an issue will meet, whatever else the agent fills in.
pub(super) enum Outlook {
    Admitted,
    NeedsApproval(&'static str),
    /// With the next step.
    Refused(String),
    /// The agent's roles do not issue.
    NotTheirs,
}

impl Card {
    /// Asks the services. The inner error is about the user: there is no card then.
    pub(super) async fn find(
        agent: &Agent,
        look_up: &LookUp,
        filled: Option<Issue>,
    ) -> Result<Result<Self, CallError>, Response> {
        let user = look_up.user();
        let (code, lockout, journey, explained) = tokio::join!(
            asked(agent, "codes:read", async || {
                agent.issuer().describe_code(DescribeCodeRequest { user: user.clone() }).await
            }),
            asked(agent, "lockouts:read", async || {
                let request = DescribeLockoutRequest { user: user.clone() };
                agent.verifier().describe_lockout(request).await
            }),
            journey(agent, look_up),
            asked(agent, "codes:issue", async || {
                let issue = Issue { look_up: look_up.clone(), ..Issue::default() };
                agent.desk().explain_issue(issue.request()).await
            }),
        );
        let (code, lockout) = match (code, lockout) {
            (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
            (Ok(code), Ok(lockout)) => (code, lockout),
        };
        let (outlook, explained) = match explained {
            Ok(Some(explained)) => (outlook(&explained), Some(explained)),
            Ok(None) => (Outlook::NotTheirs, None),
            // The desk has no rules: then none can refuse.
            Err(CallError::Desk(client::DeskRefusal::Off)) => (Outlook::Admitted, None),
            Err(error @ CallError::InvalidArgument(_)) => return Ok(Err(error)),
            Err(error) => (Outlook::Refused(refusal::told(&error)), None),
        };
        let kind = TYPES.iter().find(|(name, ..)| *name == look_up.identifier_type);
        let [form, act] = agent.forms().await?;
        let issue = Issue { look_up: look_up.clone(), form, ..filled.unwrap_or_default() };
        Ok(Ok(Self {
            user: look_up.user.trim().to_owned(),
            kind: kind.map_or(TYPES[0].1, |(_, name, _)| *name),
            code,
            lockout,
            journey,
            outlook,
            explained,
            issue,
            act,
        }))
    }

    /// The live code, if there is one.
    pub(super) fn live(&self) -> Option<&DescribeCodeResponse> {
        self.code.as_ref().filter(|code| code.state() == CodeState::Active)
    }

    /// The latest code's state, for people.
    pub(super) fn state(&self) -> &'static str {
        match self.code.as_ref().map_or(CodeState::Unspecified, DescribeCodeResponse::state) {
            CodeState::Unspecified => "unknown",
            CodeState::None => "none",
            CodeState::Active => "live",
            CodeState::Consumed => "redeemed",
            CodeState::Burned => "used up by wrong guesses",
            CodeState::Revoked => "revoked",
            CodeState::Expired => "expired",
        }
    }

    /// Whether wrong codes keep the user out.
    pub(super) fn is_locked(&self) -> bool {
        self.lockout.as_ref().is_some_and(|it| {
            let of_paired = it.paired.as_ref();
            let paired = of_paired.is_some_and(|it| it.locked_until.is_some() || it.disabled);
            it.locked_until.is_some() || it.disabled || paired
        })
    }

    /// The wrong codes that count, of both kinds.
    pub(super) fn failures(&self) -> u32 {
        self.lockout
            .as_ref()
            .map_or(0, |it| it.failures + it.paired.as_ref().map_or(0, |paired| paired.failures))
    }

    /// Whether the desk requires a field.
    pub(super) fn requires(&self, field: &str) -> bool {
        self.explained.as_ref().is_some_and(|it| it.required.iter().any(|it| it == field))
    }

    /// The ways to check a caller; none if any will do.
    pub(super) fn methods(&self) -> &[String] {
        self.explained.as_ref().map_or(&[], |it| &it.verification_methods)
    }

    /// Whether the form is shown that issues a code.
    pub(super) fn can_issue(&self) -> bool {
        let lacks_journey = matches!(self.journey, Some(Journey::Missing(_)));
        !lacks_journey && matches!(self.outlook, Outlook::Admitted | Outlook::NeedsApproval(_))
    }
}

/// Asks a service if the agent has the scope.
async fn asked<T>(
    agent: &Agent,
    scope: &str,
    ask: impl AsyncFnOnce() -> Result<T, CallError>,
) -> Result<Option<T>, CallError> {
    if agent.has(scope) { ask().await.map(Some) } else { Ok(None) }
}

async fn journey(agent: &Agent, look_up: &LookUp) -> Option<Journey> {
    if look_up.number().is_empty() || !agent.has("codes:issue") {
        return None;
    }
    let pairing_number = look_up.number().to_owned();
    let request = DescribePairingRequest { user: look_up.user(), pairing_number };
    Some(match agent.issuer().describe_pairing(request).await {
        Ok(found) => {
            let facts = found.facts.unwrap_or_default();
            let browser = browser(facts.browser_family());
            Journey::Found {
                opened_at: facts.opened_at,
                address: facts.source_address.clone(),
                browser,
            }
        }
        Err(error) => Journey::Missing(refusal::told(&error)),
    })
}

const fn browser(family: BrowserFamily) -> &'static str {
    match family {
        BrowserFamily::Unspecified => "an unknown browser",
        BrowserFamily::Chrome => "Chrome",
        BrowserFamily::Edge => "Edge",
        BrowserFamily::Firefox => "Firefox",
        BrowserFamily::Safari => "Safari",
        BrowserFamily::Samsung => "Samsung Internet",
        BrowserFamily::Opera => "Opera",
        BrowserFamily::Other => "another browser",
    }
}

fn outlook(explained: &ExplainIssueResponse) -> Outlook {
    match explained.outlook_if_complete() {
        IssueOutlook::Admitted => Outlook::Admitted,
        IssueOutlook::NeedsApproval => {
            Outlook::NeedsApproval(words::cause(&explained.rule_if_complete))
        }
        IssueOutlook::Refused | IssueOutlook::Unspecified => {
            Outlook::Refused(words::sentence(&explained.message_if_complete))
        }
    }
}
