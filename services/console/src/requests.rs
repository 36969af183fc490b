//! The requests that wait for another agent, and the freezes that an approver lifts.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use client::{AgentRef, ApprovalRequest, DecideRequestRequest, LiftFreezeRequest};
use serde::Deserialize;

use crate::agent::Agent;
use crate::desk::Sent;
use crate::page::{self, Frame};
use crate::{Console, refusal};

const PATH: &str = "/requests";

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route(PATH, get(list))
        .route("/requests/decide", post(decide).get(async || Redirect::to(PATH)))
        .route("/requests/lift", post(lift).get(async || Redirect::to(PATH)))
}

/// The page.
#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage<'a> {
    frame: Frame,
    requests: Vec<ApprovalRequest>,
    agent: &'a Agent,
    form: String,
    notice: Option<&'a str>,
}

impl RequestsPage<'_> {
    /// Whether the agent asked for it: then another must decide.
    fn is_own(&self, request: &ApprovalRequest) -> bool {
        request.requester.as_ref().is_some_and(|it| it.agent_id == self.agent.subject())
    }
}

async fn list(agent: Agent) -> Result<Response, Response> {
    shown(&agent, None).await
}

async fn shown(agent: &Agent, notice: Option<&str>) -> Result<Response, Response> {
    let requests = agent.desk().list_requests().await;
    let requests = requests.map_err(|error| refusal::page(&error, PATH))?;
    let frame = agent.frame(PATH);
    let form = agent.form().await?;
    Ok(page::html(StatusCode::OK, &RequestsPage { frame, requests, agent, form, notice }))
}

#[derive(Deserialize)]
struct Decision {
    form: String,
    request_id: String,
    #[serde(default)]
    reason: String,
    what: Decided,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decided {
    Approve,
    Deny,
}

async fn decide(agent: Agent, Sent(sent): Sent<Decision>) -> Result<Response, Response> {
    agent.take(&sent.form).await?;
    let approve = sent.what == Decided::Approve;
    let reason = sent.reason.trim().to_owned();
    let request = DecideRequestRequest { request_id: sent.request_id, approve, reason };
    let decided = agent.desk().decide_request(request).await;
    let decided = decided.map_err(|error| refusal::page(&error, PATH))?;
    let notice = match (approve, decided.mutual) {
        (true, false) => "Approved. The agent who asked can show the code now.",
        (true, true) => {
            "Approved. This agent approved a request of yours before; the audit trail says so."
        }
        (false, _) => "Denied.",
    };
    shown(&agent, Some(notice)).await
}

#[derive(Deserialize)]
struct Lift {
    form: String,
    provider: String,
    agent_id: String,
    #[serde(default)]
    reason: String,
}

async fn lift(agent: Agent, Sent(sent): Sent<Lift>) -> Result<Response, Response> {
    agent.take(&sent.form).await?;
    let (provider, agent_id) = (sent.provider.trim().to_owned(), sent.agent_id.trim().to_owned());
    let frozen = Some(AgentRef { provider, agent_id });
    let request = LiftFreezeRequest { agent: frozen, reason: sent.reason.trim().to_owned() };
    let lifted = agent.desk().lift_freeze(request).await;
    let lifted = lifted.map_err(|error| refusal::page(&error, PATH))?.lifted;
    let notice = if lifted { "The agent can issue again." } else { "This agent is not frozen." };
    shown(&agent, Some(notice)).await
}
