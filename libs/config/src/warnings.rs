//! Warnings about valid configurations.

use std::collections::BTreeMap;
use std::sync::Arc;

use definitions::{Journey, JourneyId};

use crate::agents::{AgentProvider, Right};
use crate::application::Application;

/// Warns about a desk that only accepts verified agents, if no agent can issue codes there.
pub(crate) fn of_desk<'p>(
    application: &Application,
    providers: impl Iterator<Item = &'p AgentProvider>,
) -> Vec<String> {
    if !application.has_verified_agents() {
        return Vec::new();
    }
    let id = &application.id;
    let may_issue = |provider: &&AgentProvider| {
        provider.rights(id, provider.roles.keys()).contains(&Right::Issue)
    };
    let providers: Vec<_> = providers.filter(may_issue).collect();
    let no_agent =
        "desk: no role of a file in agents/ may issue in this application: nobody can issue a code";
    let unknown = providers.iter().filter(|provider| provider.own.is_empty()).map(|provider| {
        let file = format!("agents/{}.yaml", provider.id);
        format!("desk: {file} has no `self`: its agents can issue no code")
    });
    providers.is_empty().then(|| no_agent.to_owned()).into_iter().chain(unknown).collect()
}

/// Warns about clients that sign users in by a journey in which no step verifies a code.
pub(crate) fn of_openid(
    application: &Application,
    journeys: &BTreeMap<JourneyId, Arc<Journey>>,
) -> Vec<String> {
    let verifies = |id: &JourneyId| {
        let steps = journeys.get(id).into_iter().flat_map(|journey| journey.steps());
        steps.map(|(_, kind)| kind).any(|kind| kind == "temp_code_authentication")
    };
    let clients = application.clients.values();
    let idle = clients.filter_map(|client| {
        let journey = client.openid.as_ref().filter(|journey| !verifies(journey))?;
        Some(format!(
            "client {}: the journey `{journey}` has no step of type temp_code_authentication: \
             every sign-in is denied",
            client.id,
        ))
    });
    idle.collect()
}
