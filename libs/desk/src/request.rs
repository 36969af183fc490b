//! The request of an agent to a desk.

use std::collections::BTreeSet;

use codes::issuer::IssueRequest;

use crate::names::{Group, RequestId, Tier};

/// What the roles of an agent allow in an application. Who the agent is, the caller says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The group with which the agent shares a limit.
    pub group: Option<Group>,
    /// The tiers of users that the agent may serve.
    pub tiers: BTreeSet<Tier>,
}

/// A request for a code, as the desk's policy judges it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What to issue.
    pub issue: IssueRequest,
    /// What the agent may do.
    pub standing: Standing,
    /// Whether the agent compared the journey's facts with what the caller said.
    pub pairing_confirmed: bool,
    /// The request for approval that this issue collects.
    pub request_id: Option<RequestId>,
}
