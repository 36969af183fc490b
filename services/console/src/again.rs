//! The page after a form that a service refused or did not answer.
//!
//! After an open outcome the page sends the same form again. It is written from the form alone, so that it
//! needs no service, and keeps the form's token, which is the idempotency key too.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use client::CallError;
use serde::Serialize;
use serde_json::Value;

use crate::agent::Agent;
use crate::page::{self, Frame};
use crate::refusal;

#[derive(Template)]
#[template(path = "again.html")]
struct AgainPage<'a> {
    frame: Frame,
    text: String,
    action: &'a str,
    fields: Vec<(String, String)>,
}

/// The page for a form that was sent to `action`, such as `/desk/code`, if it may be sent again; else the
/// refusal.
pub(crate) async fn or_refused(
    agent: &Agent,
    action: &str,
    (token, sent): (&str, &impl Serialize),
    error: &CallError,
) -> Result<Response, Response> {
    if refusal::may_be_sent_again(error) {
        return page(agent, action, (token, sent), error).await;
    }
    Err(refusal::page(error, of(action)))
}

/// The page for a form with this token. Hands the token out again.
pub(crate) async fn page(
    agent: &Agent,
    action: &str,
    (token, sent): (&str, &impl Serialize),
    error: &CallError,
) -> Result<Response, Response> {
    agent.hand_out(&[token.to_owned()]).await?;
    let fields: BTreeMap<String, Value> =
        serde_json::to_value(sent).and_then(serde_json::from_value).unwrap_or_default();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = fields.into_iter().map(|(name, value)| (name, text(value))).collect();
    let frame = agent.frame(of(action));
    let page = AgainPage { frame, text: refusal::told(error), action, fields };
    Ok(page::html(StatusCode::CONFLICT, &page))
}

/// The page of the menu with a form.
fn of(action: &str) -> &str {
    action.rsplit_once('/').map_or(action, |(page, _)| page)
}
