//! `otp/send` with the channel `direct`: issues a code and hands it to the caller, who is an agent's
//! backend. Other channels would send it to the very address that is lost.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use codes::audit::Context;
use codes::issuer::IssueRequest;
use codes::user::Identifier;
use desk::request::{Ask, Standing};
use edge::json::{self, FaultResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wire::error::Fault;
use wire::rpc::Rpc;
use wire::violations::{Parsed, Violations};

use super::Edge;
use crate::Issued;

/// The request's body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    channel: String,
    identifier_type: String,
    identifier: String,
    /// In seconds.
    expires_in: Option<i64>,
    #[serde(default)]
    agent_id: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    ticket_ref: String,
    #[serde(default)]
    verification_method: String,
    #[serde(default)]
    idempotency_key: String,
    #[serde(default)]
    pairing_number: String,
    #[serde(default)]
    pairing_confirmed: bool,
    #[serde(default)]
    request_id: String,
    // Fields of Mosaic's schema, which mean nothing here.
    #[serde(rename = "approval_data")]
    _approval_data: Option<Map<String, Value>>,
    #[serde(rename = "client_attributes")]
    _client_attributes: Option<Map<String, Value>>,
    #[serde(rename = "device_id")]
    _device_id: Option<String>,
}

/// The answer's body. The code is in clear only here.
#[derive(Serialize)]
struct Sent<'a> {
    message: &'static str,
    code: &'a str,
    expires_at: String,
    /// Given only where the request has a pairing number.
    #[serde(skip_serializing_if = "Option::is_none")]
    paired: Option<bool>,
}

/// The answer's body where another agent must approve.
#[derive(Serialize)]
struct Waits {
    message: &'static str,
    request_id: String,
    expires_at: String,
}

/// `POST /cis/v1/auth/otp/send`.
pub(super) async fn send(
    State(edge): State<Arc<Edge>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FaultResponse> {
    let service = &edge.service;
    let principal = service.gate.admit(&headers, None, Rpc::IssueCode)?;
    let request = json::parse::<Body>(&headers, &body)?.into_request()?;
    let has_number = request.issue.pairing.is_some();
    let issued = match service.issue(&principal, request).await? {
        Issued::Code(issued) => issued,
        Issued::Pending(pending) => {
            let body = Waits {
                message: "another agent must approve",
                request_id: pending.request_id.to_string(),
                expires_at: pending.expires_at.to_string(),
            };
            let headers = [(CACHE_CONTROL, "no-store")];
            return Ok((StatusCode::ACCEPTED, headers, Json(body)).into_response());
        }
    };
    let body = Sent {
        message: "OTP sent",
        code: issued.code.expose(),
        expires_at: issued.expires_at.to_string(),
        paired: has_number.then_some(issued.paired),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

impl Body {
    /// The request that the body stands for, or everything that is wrong with it.
    fn into_request(self) -> Result<Ask, Fault> {
        let mut violations = Violations::default();
        let channel = check_channel(&mut violations, &self.channel);
        let user = self.user(&mut violations);
        let key = violations.idempotency_key("idempotency_key", &self.idempotency_key);
        let pairing = violations.pairing_number("pairing_number", &self.pairing_number);
        let request_id = violations.request_id("request_id", &self.request_id);
        let mut short = |field, text| violations.text(field, text, Violations::SHORT_TEXT);
        let agent_id = short("agent_id", self.agent_id);
        let ticket_ref = short("ticket_ref", self.ticket_ref);
        let verification_method = short("verification_method", self.verification_method);
        let reason = violations.text("reason", self.reason, Violations::LONG_TEXT);
        let (
            Ok(()),
            Ok(user),
            Ok(idempotency_key),
            Ok(pairing),
            Ok(request_id),
            Ok(agent_id),
            Ok(ticket_ref),
            Ok(verification_method),
            Ok(reason),
        ) = (
            channel,
            user,
            key,
            pairing,
            request_id,
            agent_id,
            ticket_ref,
            verification_method,
            reason,
        )
        else {
            return Err(violations.into());
        };
        let issue = IssueRequest {
            user,
            pairing,
            // What is less than nothing is as far outside the policy as nothing.
            expires_in: self
                .expires_in
                .map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default())),
            context: Context {
                agent_id,
                reason,
                ticket_ref,
                verification_method,
                ..Context::default()
            },
            idempotency_key,
            override_lockout: false,
        };
        let pairing_confirmed = self.pairing_confirmed;
        Ok(Ask { issue, standing: Standing::default(), pairing_confirmed, request_id })
    }

    fn user(&self, violations: &mut Violations) -> Parsed<Identifier> {
        let kind = violations.identifier_type("identifier_type", &self.identifier_type)?;
        violations.check("identifier", Identifier::parse(kind, &self.identifier))
    }
}

fn check_channel(violations: &mut Violations, channel: &str) -> Parsed<()> {
    match channel {
        "direct" => Ok(()),
        "sms" | "email" => {
            Err(violations.note("channel", "must be direct: the agent hands the code to the user"))
        }
        _ => Err(violations.note("channel", "must be direct")),
    }
}
