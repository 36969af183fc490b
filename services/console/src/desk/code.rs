//! Issuing: the answer shows the code once, or says what happens next.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use client::{CallError, IssueCodeResponse, PendingIssue};
use journeys::ports::StoreFault;
use prost_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::{Issue, Sent};
use super::{Notice, card, waiting};
use crate::agent::Agent;
use crate::page::{self, Frame};
use crate::{again, refusal};

/// How long the page shows a code, in seconds.
const SHOWN: u32 = 60;

/// The page with the code.
#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    frame: Frame,
    user: &'a str,
    /// The code in groups, for the eye.
    groups: Vec<String>,
    /// The code by characters, for the ear.
    spelled: String,
    issued: &'a IssueCodeResponse,
    ends: Option<Timestamp>,
    shown: u32,
}

/// The page while another agent has not decided.
#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage<'a> {
    frame: Frame,
    issue: &'a Issue,
    pending: &'a PendingIssue,
    form: String,
    /// Whether the agent asked again and nothing has changed.
    is_again: bool,
}

/// The form that shows the code of an approved request.
#[derive(Deserialize, Serialize)]
pub(super) struct Collect {
    form: String,
    request_id: String,
}

pub(super) async fn issue(agent: Agent, Sent(issue): Sent<Issue>) -> Result<Response, Response> {
    agent.take(&issue.form).await?;
    answered(&agent, issue).await
}

pub(super) async fn collect(agent: Agent, Sent(sent): Sent<Collect>) -> Result<Response, Response> {
    agent.take(&sent.form).await?;
    let waiting = waiting::of(&agent).await?;
    let found = waiting.into_iter().find(|it| it.issue.request_id == sent.request_id);
    let Some(found) = found else {
        let text = "This request has ended. Look the user up again.";
        return Err(page::message(StatusCode::CONFLICT, "Nothing to show", text));
    };
    answered(&agent, found.issue).await
}

/// Issues the code, and says what happens next.
async fn answered(agent: &Agent, mut issue: Issue) -> Result<Response, Response> {
    let frame = agent.frame("/desk");
    match agent.issuer().issue_code(issue.request()).await {
        Ok(issued) if issued.pending.is_some() => {
            let pending = issued.pending.clone().unwrap_or_default();
            let is_again = !issue.request_id.is_empty();
            if !is_again {
                issue.request_id.clone_from(&pending.request_id);
                issue.form = agent.draw_form();
                let ends_ms = pending.expires_at.map_or(0, |at| at.seconds.saturating_mul(1000));
                kept(waiting::keep(agent, &issue, ends_ms).await);
            }
            let [form] = agent.forms().await?;
            let waiting = WaitingPage { frame, issue: &issue, pending: &pending, form, is_again };
            Ok(page::html(StatusCode::ACCEPTED, &waiting))
        }
        Ok(issued) => {
            forget(agent, &issue).await;
            let shown = CodePage {
                frame,
                user: &issue.look_up.user,
                groups: groups(&issued.code),
                spelled: spelled(&issued.code),
                issued: &issued,
                ends: issued.expires_at,
                shown: SHOWN,
            };
            Ok(page::html(StatusCode::OK, &shown))
        }
        Err(error) => refused(agent, issue, &error).await,
    }
}

/// If the code may have been issued, the same form, and thus the same key, gets it. A request that waits or
/// was approved is kept until it has ended. Otherwise the agent corrects the form on the user's card.
async fn refused(agent: &Agent, mut issue: Issue, error: &CallError) -> Result<Response, Response> {
    if refusal::ends_request(error) {
        forget(agent, &issue).await;
        issue.request_id.clear();
    }
    if !issue.request_id.is_empty() {
        let collect = Collect { form: agent.draw_form(), request_id: issue.request_id };
        return again::page(agent, "/desk/collect", (&collect.form, &collect), error).await;
    }
    if refusal::may_be_sent_again(error) {
        return again::page(agent, "/desk/code", (&issue.form, &issue), error).await;
    }
    let look_up = issue.look_up.clone();
    card(agent, &look_up, Some(issue), Some(Notice::refusal(error))).await
}

async fn forget(agent: &Agent, issue: &Issue) {
    if !issue.request_id.is_empty() {
        kept(waiting::forget(agent, &issue.request_id).await);
    }
}

/// Logs a fault of the list. The answer is shown all the same: the request is with the desk.
fn kept(kept: Result<(), StoreFault>) {
    if let Err(fault) = kept {
        tracing::warn!(%fault, "the list of an agent's requests could not be changed");
    }
}

/// A code in groups of three or four, as even as they can be.
fn groups(code: &str) -> Vec<String> {
    let characters: Vec<char> = code.chars().collect();
    let size = if characters.len().is_multiple_of(4) { 4 } else { 3 };
    characters.chunks(size).map(|group| group.iter().collect()).collect()
}

/// A code that a screen reader reads character by character.
fn spelled(code: &str) -> String {
    code.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
