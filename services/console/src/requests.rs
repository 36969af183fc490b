//! The requests that wait for another agent, and the freezes that an approver lifts.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use client::{AgentRef, ApprovalRequest, DecideRequestRequest, LiftFreezeRequest};
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::desk::Sent;
use crate::page::{self, Frame};
use crate::{Console, again, refusal};

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
    /// The requests, or why they are not shown.
    requests: Result<Vec<ApprovalRequest>, String>,
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

pub(crate) async fn shown(agent: &Agent, notice: Option<&str>) -> Result<Response, Response> {
    let requests = agent.desk().list_requests().await;
    let requests =
        refusal::listed(requests, notice.is_some()).map_err(|error| refusal::page(&error, PATH))?;
    let frame = agent.frame(PATH);
    let [form] = agent.forms().await?;
    Ok(page::html(StatusCode::OK, &RequestsPage { frame, requests, agent, form, notice }))
}

#[derive(Deserialize, Serialize)]
struct Decision {
    form: String,
    request_id: String,
    #[serde(default)]
    reason: String,
    what: Decided,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Decided {
    Approve,
    Deny,
}

async fn decide(agent: Agent, Sent(sent): Sent<Decision>) -> Result<Response, Response> {
    agent.take(&sent.form).await?;
    let approve = sent.what == Decided::Approve;
    let reason = sent.reason.trim().to_owned();
    let request = DecideRequestRequest { request_id: sent.request_id.clone(), approve, reason };
    let decided = match agent.desk().decide_request(request).await {
        Ok(decided) => decided,
        Err(error) => {
            let sent = (sent.form.as_str(), &sent);
            return again::or_refused(&agent, "/requests/decide", sent, &error).await;
        }
    };
    let notice = match (approve, decided.mutual) {
        (true, false) => "Approved. The agent who asked can show the code now.",
        (true, true) => {
            "Approved. This agent approved a request of yours before; the audit trail says so."
        }
        (false, _) => "Denied.",
    };
    shown(&agent, Some(notice)).await
}

#[derive(Deserialize, Serialize)]
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
    let notice = match agent.desk().lift_freeze(request).await {
        Ok(answer) if answer.lifted => "The agent can issue again.",
        Ok(_) => "This agent is not frozen.",
        Err(error) => {
            let sent = (sent.form.as_str(), &sent);
            return again::or_refused(&agent, "/requests/lift", sent, &error).await;
        }
    };
    shown(&agent, Some(notice)).await
}
