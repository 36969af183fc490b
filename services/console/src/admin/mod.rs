//! Read-only pages of the configuration, for people who do not read its files.
//!
//! The folder is the source of truth. The console reads it without its secrets, and follows its changes.

mod applications;
mod codes;
mod health;
mod integration;
mod journeys;
mod playground;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use config::{Client, Configuration};
use definitions::{Journey, JourneyId};

use crate::agent::Agent;
use crate::page::Frame;
use crate::{Console, page};

/// The scope of which these pages are a part: what codes and lockouts are like, and why.
const SCOPE: &str = "codes:read";

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .merge(applications::routes())
        .merge(codes::routes())
        .merge(journeys::routes())
        .merge(integration::routes())
        .merge(health::routes())
        .merge(playground::routes())
}

/// An agent who may read the configuration, and the configuration.
pub(crate) struct Reader {
    agent: Agent,
    configuration: Arc<Configuration>,
}

impl FromRequestParts<Console> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let agent = Agent::from_request_parts(parts, console).await?;
        if !agent.has(SCOPE) {
            let text = "Your roles do not read the configuration. Ask your administrator.";
            return Err(page::message(StatusCode::FORBIDDEN, "Not allowed", text));
        }
        let Some(live) = &console.configuration else {
            let text = "This console has no configuration folder. Start it with --config.";
            return Err(page::message(StatusCode::NOT_FOUND, "No configuration", text));
        };
        Ok(Self { agent, configuration: live.current() })
    }
}

impl Reader {
    fn frame(&self, path: &str) -> Frame {
        self.agent.frame(path)
    }

    /// The journey that a path names.
    fn journey(&self, id: &str) -> Option<&Journey> {
        let journey = self.configuration.journey(&JourneyId::parse(id).ok()?)?;
        Some(journey.as_ref())
    }

    /// The clients that lead to a journey.
    fn clients(&self, journey: &Journey) -> impl Iterator<Item = &Client> {
        let clients = self.configuration.applications().flat_map(|it| it.clients.values());
        clients.filter(|it| it.leads_to(journey.id()))
    }
}

/// A text in a list.
fn listed(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
