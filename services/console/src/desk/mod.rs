//! The desk page: two forms from a caller to a code.
//!
//! ```text
//! POST /desk       user, pairing number ──> what is known of both, and what an issue will need
//! POST /desk/code  method, ticket, reason ──> the code, once; or a request that waits for approval
//! POST /desk/collect   ──> the code of a request that was approved
//! POST /desk/act   revoke, clear, lift ──> the same card
//! ```
//! Users and codes travel in bodies alone, never in a URL. Looking up changes nothing, so its form can be sent
//! again; the other forms count once.

mod act;
mod card;
mod code;
mod form;
mod waiting;

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum::routing::get;

use self::card::Card;
use self::form::LookUp;
pub(crate) use self::form::Sent;
use self::waiting::Waiting;
use crate::Console;
use crate::agent::Agent;
use crate::page::{self, Frame};

pub(crate) fn routes() -> Router<Console> {
    // The address of an answer to a form, typed or restored: there is nothing to show again.
    let to_desk = || get(async || Redirect::to("/desk"));
    Router::new()
        .route("/desk", get(empty).post(look_up))
        .route("/desk/code", to_desk().post(code::issue))
        .route("/desk/collect", to_desk().post(code::collect))
        .route("/desk/act", to_desk().post(act::act))
}

/// The page.
#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage<'a> {
    frame: Frame,
    look_up: &'a LookUp,
    card: Option<&'a Card>,
    /// What was done, or why not.
    notice: Option<&'a Notice>,
    agent: &'a Agent,
    /// The agent's requests for approval, and the token of the forms that collect them.
    waiting: Vec<Waiting>,
    form: String,
}

/// What the agent is told about their last form.
struct Notice {
    is_refusal: bool,
    text: String,
    /// Where to sign in again, if that helps.
    sign_in: bool,
}

async fn empty(agent: Agent) -> Result<Response, Response> {
    shown(&agent, &LookUp::default(), None, None).await
}

async fn look_up(agent: Agent, Sent(look_up): Sent<LookUp>) -> Result<Response, Response> {
    card(&agent, &look_up, None, None).await
}

/// The page with the user's card, and with what the agent has filled in already.
async fn card(
    agent: &Agent,
    look_up: &LookUp,
    filled: Option<form::Issue>,
    notice: Option<Notice>,
) -> Result<Response, Response> {
    let card = Card::find(agent, look_up, filled).await?;
    match card {
        Ok(card) => shown(agent, look_up, Some(&card), notice.as_ref()).await,
        Err(error) => shown(agent, look_up, None, Some(&Notice::refusal(&error))).await,
    }
}

async fn shown(
    agent: &Agent,
    look_up: &LookUp,
    card: Option<&Card>,
    notice: Option<&Notice>,
) -> Result<Response, Response> {
    let waiting = waiting::of(agent).await?;
    let [form] = if waiting.is_empty() { [String::new()] } else { agent.forms().await? };
    let frame = agent.frame("/desk");
    let is_refused = notice.is_some_and(|notice| notice.is_refusal);
    let status = if is_refused { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(page::html(status, &DeskPage { frame, look_up, card, notice, agent, waiting, form }))
}

impl Notice {
    fn refusal(error: &client::CallError) -> Self {
        let sign_in = matches!(error, client::CallError::SignInAgain);
        Self { is_refusal: true, text: crate::refusal::told(error), sign_in }
    }

    fn done(text: impl Into<String>) -> Self {
        Self { is_refusal: false, text: text.into(), sign_in: false }
    }
}
