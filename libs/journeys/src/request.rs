//! What a client asks of a journey, and on which terms it runs.

use std::net::IpAddr;

use codes::facts::BrowserFamily;
use codes::ids::IdempotencyKey;
use codes::operations::Caller;
use definitions::JourneyId;
use serde_json::{Map, Value};

use crate::ids::SessionId;
use crate::ports::MintTokens;

/// The option that answers a step, as opposed to leaving it by an escape.
pub const CLIENT_INPUT: &str = "client_input";

/// For whom a request runs. All of it follows from one caller and one configuration.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The client, and the application whose users and policy are meant.
    pub caller: &'a Caller,
    /// Mints tokens by the settings of that application.
    pub tokens: &'a dyn MintTokens,
    /// The failed verifications after which no form is shown any more: the policy's failed attempts. A
    /// journey that waits keeps those of its start.
    pub failures_allowed: u32,
}

/// A request to start a journey.
pub struct Start {
    /// The journey.
    pub journey: JourneyId,
    /// What `@policy.request().params` reads.
    pub params: Map<String, Value>,
    /// What `@policy.request().headers` reads.
    pub headers: Map<String, Value>,
    /// What `@policy.device()` reads.
    pub device: Value,
    /// What `@policy.request().locale` reads.
    pub locale: Option<String>,
    /// Ties the journey to the caller's own trail.
    pub correlation_id: Option<String>,
    /// The caller's name for the start.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The address from which it was sent, where it is known.
    pub source: Option<IpAddr>,
    /// The browser from which it was sent.
    pub browser: BrowserFamily,
}

/// An answer to the step at which a journey waits.
pub struct Submission {
    /// The session, from [`InputRequired`](crate::runner::InputRequired).
    pub session: SessionId,
    /// The step that is answered, from [`InputRequired`](crate::runner::InputRequired).
    pub assertion_id: String,
    /// The challenge, from [`InputRequired`](crate::runner::InputRequired). Good for one submission.
    pub challenge: String,
    /// [`CLIENT_INPUT`], or an escape's id.
    pub option: String,
    /// The fields.
    pub data: Value,
    /// The caller's name for the submission.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The address from which it was sent, where it is known.
    pub source: Option<IpAddr>,
    /// The browser from which it was sent.
    pub browser: BrowserFamily,
}
