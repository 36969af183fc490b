//! What an agent does about a user beside issuing.

use axum::response::Response;
use client::revoke_code_request::Target;
use client::{CallError, ClearLockoutRequest, LiftRepudiationRequest, RevokeCodeRequest};
use serde::{Deserialize, Serialize};

use super::form::{LookUp, Sent};
use super::{Notice, card};
use crate::agent::Agent;
use crate::{again, refusal};

/// The form with the buttons of a card.
#[derive(Deserialize, Serialize)]
pub(super) struct Act {
    #[serde(flatten)]
    look_up: LookUp,
    form: String,
    #[serde(default)]
    reason: String,
    what: What,
}

/// The buttons.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Revoke,
    Clear,
    LiftBlock,
}

pub(super) async fn act(agent: Agent, Sent(act): Sent<Act>) -> Result<Response, Response> {
    agent.take(&act.form).await?;
    let notice = match done(&agent, &act).await {
        Ok(text) => Notice::done(text),
        Err(error) if refusal::may_be_sent_again(&error) => {
            return again::page(&agent, "/desk/act", (&act.form, &act), &error).await;
        }
        Err(error) => Notice::refusal(&error),
    };
    card(&agent, &act.look_up, None, Some(notice)).await
}

async fn done(agent: &Agent, act: &Act) -> Result<&'static str, CallError> {
    let (user, reason) = (act.look_up.user(), act.reason.trim().to_owned());
    let idempotency_key = act.form.clone();
    Ok(match act.what {
        What::Revoke => {
            let target = user.map(Target::User);
            let request =
                RevokeCodeRequest { target, idempotency_key, reason, ..Default::default() };
            let answer = agent.issuer().revoke_code(request).await?;
            match (answer.revoked, answer.grant_revoked) {
                (true, _) => "The code is revoked.",
                (false, true) => "The code was redeemed before. Its tokens are revoked.",
                (false, false) => "There was no code to revoke.",
            }
        }
        What::Clear => {
            let request =
                ClearLockoutRequest { user, idempotency_key, reason, ..Default::default() };
            agent.verifier().clear_lockout(request).await?;
            "The lockout is cleared."
        }
        What::LiftBlock => {
            let request = LiftRepudiationRequest { user, reason };
            let answer = agent.desk().lift_repudiation(request).await?;
            if answer.lifted { "The block is lifted." } else { "There was no block." }
        }
    })
}
