//! The requests of an agent that wait for approval, with the forms that collect their codes.
//!
//! They are kept for the agent, not in a session: the agent finds them after a reload, after another
//! sign-in, and in another browser.

use std::time::Duration;

use axum::response::Response;
use clock::Timestamp;
use journeys::ports::StoreFault;
use serde::{Deserialize, Serialize};
use vault::{Kept, Secret};

use super::form::Issue;
use crate::agent::Agent;
use crate::page;

/// A request that waits, or was approved and not collected.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// What to issue. Its form is the key of the issue, so that a second attempt gets the same code.
    pub(super) issue: Issue,
    ends_ms: i64,
}

/// All waiting requests of an agent.
#[derive(Default, Serialize, Deserialize)]
struct Drawer(Vec<Waiting>);

impl Kept for Drawer {
    const PURPOSE: &str = "console drawer";

    fn lifetime(&self, now: Timestamp) -> Duration {
        let last = self.0.iter().map(|it| it.ends_ms).max();
        last.map_or(Duration::ZERO, |last| Timestamp::from_unix_millis(last).since(now))
    }
}

impl Waiting {
    /// When the request expires.
    pub(super) fn ends(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.ends_ms)
    }
}

/// The requests of the agent that have not expired.
pub(super) async fn of(agent: &Agent) -> Result<Vec<Waiting>, Response> {
    let now = agent.now().unix_millis();
    let found: Option<Drawer> = agent.vault().read(&drawer(agent)).await.map_err(page::away)?;
    let Drawer(mut found) = found.unwrap_or_default();
    found.retain(|it| now < it.ends_ms);
    Ok(found)
}

/// Keeps a request, in place of an earlier state of the same one.
pub(super) async fn keep(agent: &Agent, issue: &Issue, ends_ms: i64) -> Result<(), StoreFault> {
    let kept = Waiting { issue: issue.clone(), ends_ms };
    let now = agent.now().unix_millis();
    let put = |drawer: &mut Drawer| {
        drawer.0.retain(|it| now < it.ends_ms && it.issue.request_id != issue.request_id);
        drawer.0.push(kept.clone());
    };
    agent.vault().change_or_create(&drawer(agent), put).await
}

/// Forgets a request that has ended.
pub(super) async fn forget(agent: &Agent, request_id: &str) -> Result<(), StoreFault> {
    let take = |drawer: &mut Drawer| drawer.0.retain(|it| it.issue.request_id != request_id);
    agent.vault().change(&drawer(agent), take).await.map(|_| ())
}

/// The secret of the agent's requests: only the console, which has the provider's secret, derives it.
fn drawer(agent: &Agent) -> Secret {
    let registration = agent.registration();
    let texts = ["drawer", &registration.issuer, &registration.client_id, agent.subject()];
    Secret::derived(&registration.secret, &texts)
}
