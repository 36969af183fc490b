//! Requests of clients, and the terms that a request runs on.

use std::net::IpAddr;

use codes::facts::BrowserFamily;
use codes::ids::IdempotencyKey;
use codes::operations::Caller;
use definitions::JourneyId;
use serde::{Deserialize, Serialize};
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

/// Ties a journey to one browser, and to what the caller does at its end. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// The hash of the browser's secret: only that browser may answer.
    pub browser: String,
    /// Returned to the caller at the journey's end.
    pub purpose: String,
}

impl std::fmt::Debug for Tie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tie([redacted])")
    }
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
    /// What ties the journey to one browser, if anything does.
    pub tie: Option<Tie>,
}

impl Start {
    /// A request with these parameters, and nothing else.
    pub fn new(journey: JourneyId, params: Map<String, Value>) -> Self {
        Self {
            journey,
            params,
            headers: Map::new(),
            device: Value::Null,
            locale: None,
            correlation_id: None,
            idempotency_key: None,
            source: None,
            browser: BrowserFamily::default(),
            tie: None,
        }
    }
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
    /// The hash of the browser's secret, if it sent one.
    pub secret: Option<String>,
}
