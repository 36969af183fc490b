//! Requests of clients, and the terms that a request runs on.

use std::net::IpAddr;

use codes::facts::BrowserFamily;
use codes::ids::IdempotencyKey;
use codes::operations::Caller;
use definitions::JourneyId;
use serde_json::{Map, Value};

use crate::ids::SessionId;
use crate::ports::MintTokens;

/// The option that answers a step. Other options are the IDs of escapes.
pub const CLIENT_INPUT: &str = "client_input";

/// The terms of a request: all of them come from one caller and one configuration.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The client and its application.
    pub caller: &'a Caller,
    /// Mints tokens with the settings of that application.
    pub tokens: &'a dyn MintTokens,
    /// After this many failed verifications, no form is shown any more: the policy's
    /// `failed_attempts`. A waiting journey keeps the value of its start.
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
    /// Correlates the journey with the caller's own logs.
    pub correlation_id: Option<String>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The address that it was sent from, if known.
    pub source: Option<IpAddr>,
    /// The browser that it was sent from.
    pub browser: BrowserFamily,
}

/// An answer to the waiting step.
pub struct Submission {
    /// The session, from [`InputRequired`](crate::runner::InputRequired).
    pub session: SessionId,
    /// The step that is answered, from [`InputRequired`](crate::runner::InputRequired).
    pub assertion_id: String,
    /// The challenge, from [`InputRequired`](crate::runner::InputRequired). It is valid for one
    /// submission.
    pub challenge: String,
    /// [`CLIENT_INPUT`], or an escape's id.
    pub option: String,
    /// The fields.
    pub data: Value,
    /// The caller's idempotency key.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The address that it was sent from, if known.
    pub source: Option<IpAddr>,
    /// The browser that it was sent from.
    pub browser: BrowserFamily,
}
