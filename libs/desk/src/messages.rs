//! The answers of a desk.

use std::time::Duration;

use clock::Timestamp;
use codes::audit::Context;
use codes::digest::{AttemptId, Subject};
use codes::ids::{Agent, ClientId};
use codes::issuer::Issuance;
use codes::user::Identifier;

use crate::decide::{Facts, Verdict};
use crate::names::{RequestId, Tier};
use crate::rule::{Cause, Rule};

/// The outcome of a request for a code.
#[derive(Debug)]
pub enum DeskIssuance {
    /// The policy admitted the issue, or a check before the policy refused it.
    Decided(Issuance),
    /// No code exists yet: a second agent must approve.
    Pending(Trace, Pending),
    /// The policy refuses the issue.
    Refused(Trace, Rule),
    /// The policy refuses the issue, and froze the agent.
    Froze(Trace),
    /// The issue names no agent, and the policy needs one.
    AgentRequired,
}

/// What the audit trail says of an issue that the policy decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Whom it was for: a keyed hash.
    pub subject: Subject,
    /// Its name: the same for a retry under the caller's key.
    pub attempt: AttemptId,
}

/// A request that waits for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its id, with which the agent repeats the issue once it is approved.
    pub request_id: RequestId,
    /// From when on it cannot be approved or collected.
    pub expires_at: Timestamp,
    /// Why it needs approval.
    pub cause: Cause,
}

/// The answer to a question about an issue.
#[derive(Debug)]
pub enum Explained {
    /// What the policy says.
    Policy(Explanation),
    /// A check before the policy refuses the issue.
    Refused(Issuance),
}

/// What an issue would require, or why it would be refused. Nothing is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whom the issue would be for: a keyed hash.
    pub subject: Subject,
    /// The user's tier; `None` if the directory names none.
    pub tier: Option<Tier>,
    /// The decision on the issue as it was described.
    pub verdict: Verdict,
    /// The decision if every required field were there.
    pub complete: Verdict,
    /// What the decision rests on.
    pub facts: Facts,
}

/// A request for approval, as the approver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// Why it needs approval.
    pub cause: Cause,
    /// The agent who asks.
    pub agent: Agent,
    /// The client through which.
    pub client: ClientId,
    /// Whom the code is for.
    pub user: Identifier,
    /// The user's tier.
    pub tier: Tier,
    /// What the agent says about it.
    pub context: Context,
    /// Whether the code would work only in the user's journey.
    pub is_paired: bool,
    /// How long the code would live; the application's default if the agent did not say.
    pub expires_in: Option<Duration>,
    /// Whether a lock would be overridden.
    pub overrides_lockout: bool,
    /// From when on the request cannot be approved or collected.
    pub expires_at: Timestamp,
}

/// The outcome of a change of brakes and frozen agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It is as the caller said.
    Done {
        /// Whether that changed anything.
        has_changed: bool,
    },
    /// Only an agent who proved who they are may lift.
    AgentRequired,
    /// [`MAX_BRAKES`](crate::store::MAX_BRAKES) are set, and this one is not: every issue reads them all.
    TooManyBrakes,
    /// A brake must last from one second to [`LONGEST_BRAKE`](crate::store::LONGEST_BRAKE).
    OutOfRange,
}

/// What an approver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The code may be issued.
    Approve,
    /// It may not.
    Deny,
}

/// The outcome of a decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The request is approved or denied, as the approver said.
    Done {
        /// The request.
        view: Box<RequestView>,
        /// Whether the requester approved a request of this approver before: they approve each other.
        is_mutual: bool,
    },
    /// Agents must prove who they are.
    AgentRequired,
    /// No request has this id.
    NotFound,
    /// The request expired.
    Expired,
    /// Another agent decided, or this one decided otherwise.
    AlreadyDecided,
    /// The approver is the requester.
    OwnRequest,
    /// The approver may not serve users of the request's tier.
    Tier,
}
