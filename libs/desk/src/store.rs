//! The port to the store of desks. Everything about one application lies together: one operation is
//! one atomic transition.

use std::time::Duration;

use async_trait::async_trait;
use clock::Timestamp;
use codes::digest::{Fingerprint, Subject};
use codes::ids::{Agent, ApplicationId};
use codes::record::Attempt;
use codes::store::StoreError;

use crate::decide::{Case, Facts};
use crate::messages::{Decision, Pending};
use crate::names::{Group, RequestId, Scope};
use crate::rule::{Cause, Rule};

/// How long a retry with the same idempotency key sees the same admission.
pub const ADMISSION_WINDOW: Duration = Duration::from_secs(15 * 60);

/// How long a ticket belongs to the first user for whom it was admitted.
pub const TICKET_MEMORY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long an agent stays frozen if nobody lifts it. Every key in a store needs an end.
pub const FREEZE_MEMORY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long it is remembered who approved for whom.
pub const PAIR_MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a request can be seen to have expired.
pub const REQUEST_TRACE: Duration = Duration::from_secs(60 * 60);

/// The longest brake.
pub const LONGEST_BRAKE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many brakes of an application may be set at a time.
pub const MAX_BRAKES: usize = 200;

/// How many requests of one agent may wait at a time.
pub const MAX_REQUESTS_OF_AGENT: usize = 20;

/// How many requests of an application may wait at a time.
pub const MAX_REQUESTS: usize = 1000;

/// What an issue is about: the parts that facts are kept for.
#[derive(Clone, Debug)]
pub struct About {
    /// The user.
    pub subject: Subject,
    /// The agent.
    pub agent: Option<Agent>,
    /// The agent's group.
    pub group: Option<Group>,
    /// A keyed hash of the ticket, where it must belong to one user.
    pub ticket: Option<Fingerprint>,
}

/// An issue to admit.
#[derive(Clone, Debug)]
pub struct Admit {
    /// The operation's name, and a fingerprint of everything that an approval binds.
    pub attempt: Attempt,
    /// What it is about.
    pub about: About,
    /// What is known without a store.
    pub case: Case,
    /// What to keep if it needs approval, or which approval it collects.
    pub approval: Approval,
}

/// How an issue stands to approvals.
#[derive(Clone, Debug)]
pub enum Approval {
    /// The issue asks for itself. If it needs approval, this request is kept.
    Ask {
        /// The request's id.
        id: RequestId,
        /// How long it lives.
        life: Duration,
        /// What the approver sees: encrypted, the store cannot read it.
        body: Vec<u8>,
    },
    /// The issue collects an approval.
    Collect(RequestId),
}

/// The outcome of an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The issue may go on.
    Admitted {
        /// Whether its code was returned before: a retry may replace that code and issue no other.
        was_issued: bool,
    },
    /// A request waits for approval.
    Pending(Pending),
    /// The issue is refused.
    Refused(Rule),
    /// The issue is refused, and froze the agent.
    Froze,
    /// The idempotency key stood for another request.
    Conflict,
}

/// Brakes and frozen agents, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// What is stopped, and until when.
    pub brakes: Vec<(Scope, Timestamp)>,
    /// Who is frozen.
    pub frozen: Vec<Agent>,
}

/// A change of brakes and frozen agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Stops issuing. A longer brake stays.
    Brake(Scope, Duration),
    /// Lifts a brake.
    Release(Scope),
    /// Lifts the freeze of an agent.
    Thaw(Agent),
}

/// A request for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Why it needs approval.
    pub cause: Cause,
    /// From when on it cannot be approved or collected.
    pub expires_at: Timestamp,
    /// What the approver sees, encrypted.
    pub body: Vec<u8>,
}

/// A decision on a request.
#[derive(Clone, Debug)]
pub struct Decide {
    /// The request.
    pub id: RequestId,
    /// Who decides.
    pub approver: Agent,
    /// Who asked, as the request says.
    pub requester: Agent,
    /// What.
    pub decision: Decision,
}

/// The outcome of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecideOutcome {
    /// It is decided so.
    Done {
        /// Whether the requester approved a request of this approver before.
        is_mutual: bool,
    },
    /// No request has this id.
    NotFound,
    /// The request expired.
    Expired,
    /// It was decided otherwise, or by another agent.
    AlreadyDecided,
    /// The approver is the requester.
    OwnRequest,
}

/// Keeps the desks of applications.
///
/// `asked_at` is the caller's time: a store refuses with [`StoreError::Skewed`] if its own differs
/// by more than [`MAX_SKEW`](codes::store::MAX_SKEW).
#[async_trait]
pub trait DeskStore: Send + Sync {
    /// Decides on an issue as [`decide`](crate::decide::decide) does, and counts it unless it is
    /// refused. A retry gets the same admission for [`ADMISSION_WINDOW`], unless it is barred by now.
    async fn admit(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        command: Admit,
    ) -> Result<Admission, StoreError>;

    /// Notes that the admission's code is about to be returned: no other code is issued for it.
    async fn settle(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        attempt: Attempt,
        collects: Option<RequestId>,
    ) -> Result<(), StoreError>;

    /// The facts about an issue. Changes nothing.
    async fn facts(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        about: About,
    ) -> Result<Facts, StoreError>;

    /// The brakes and frozen agents. Changes nothing.
    async fn stops(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Stops, StoreError>;

    /// Sets or lifts a brake or a freeze; returns whether that changed anything.
    async fn stop(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        stop: Stop,
    ) -> Result<bool, StoreError>;

    /// The requests that wait for a decision, the first to expire first.
    async fn requests(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Vec<Request>, StoreError>;

    /// How many requests wait for a decision.
    async fn waiting(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<usize, StoreError>;

    /// One request in any state, until [`REQUEST_TRACE`] after its end.
    async fn request(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        id: RequestId,
    ) -> Result<Option<Request>, StoreError>;

    /// Approves or denies a request. The same decision of the same approver has the same outcome.
    async fn decide(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        command: Decide,
    ) -> Result<DecideOutcome, StoreError>;
}
