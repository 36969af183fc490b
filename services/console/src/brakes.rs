//! Brakes: stop issuing within a second, on every replica.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use client::{AgentRef, Brake, BrakeTarget, SetBrakeRequest, Target};
use prost_types::Duration;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::desk::Sent;
use crate::page::{self, Frame};
use crate::{Console, again, refusal};

const PATH: &str = "/brakes";

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route(PATH, get(list))
        .route("/brakes/set", post(set).get(async || Redirect::to(PATH)))
}

/// The page.
#[derive(Template)]
#[template(path = "brakes.html")]
struct BrakesPage<'a> {
    frame: Frame,
    /// What is stopped, or why that is not shown.
    brakes: Result<Vec<Brake>, String>,
    agent: &'a Agent,
    form: String,
    notice: Option<&'a str>,
}

/// What a brake stops, for people.
fn stopped(brake: &Brake) -> String {
    match brake.target.as_ref().and_then(|it| it.target.as_ref()) {
        Some(Target::Application(_)) | None => "the whole application".to_owned(),
        Some(Target::Group(group)) => format!("the group {group}"),
        Some(Target::Agent(agent)) => format!("the agent {} of {}", agent.agent_id, agent.provider),
    }
}

async fn list(agent: Agent) -> Result<Response, Response> {
    shown(&agent, None).await
}

pub(crate) async fn shown(agent: &Agent, notice: Option<&str>) -> Result<Response, Response> {
    // A role may set brakes and read nothing.
    let brakes = if agent.has("codes:read") {
        refusal::listed(agent.desk().list_brakes().await, notice.is_some())
            .map_err(|error| refusal::page(&error, PATH))?
    } else {
        Err("Your roles do not show what is stopped.".to_owned())
    };
    let frame = agent.frame(PATH);
    let [form] = agent.forms().await?;
    Ok(page::html(StatusCode::OK, &BrakesPage { frame, brakes, agent, form, notice }))
}

#[derive(Deserialize, Serialize)]
struct Set {
    form: String,
    target: Kind,
    #[serde(default)]
    group: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    agent_id: String,
    hours: u16,
    #[serde(default)]
    reason: String,
    what: What,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Application,
    Group,
    Agent,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Set,
    Release,
}

async fn set(agent: Agent, Sent(sent): Sent<Set>) -> Result<Response, Response> {
    agent.take(&sent.form).await?;
    let is_set = sent.what == What::Set;
    let life = Duration { seconds: i64::from(sent.hours) * 3600, nanos: 0 };
    let target = Some(match sent.target {
        Kind::Application => Target::Application(true),
        Kind::Group => Target::Group(sent.group.trim().to_owned()),
        Kind::Agent => {
            let (provider, agent_id) =
                (sent.provider.trim().to_owned(), sent.agent_id.trim().to_owned());
            Target::Agent(AgentRef { provider, agent_id })
        }
    });
    let request = SetBrakeRequest {
        target: Some(BrakeTarget { target }),
        expires_in: is_set.then_some(life),
        reason: sent.reason.trim().to_owned(),
    };
    if let Err(error) = agent.desk().set_brake(request).await {
        return again::or_refused(&agent, "/brakes/set", (&sent.form, &sent), &error).await;
    }
    let notice = if is_set { "Issuing is stopped." } else { "The brake is released." };
    shown(&agent, Some(notice)).await
}
