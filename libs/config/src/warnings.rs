//! Warnings about valid configurations.

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
    let no_agent = format!(
        "{id}: desk: no role of a file in agents/ may issue in this application: nobody can issue a code",
    );
    let unknown = providers.iter().filter(|provider| provider.own.is_empty()).map(|provider| {
        let file = format!("agents/{}.yaml", provider.id);
        format!("{id}: desk: {file} has no `self`: its agents can issue no code")
    });
    providers.is_empty().then_some(no_agent).into_iter().chain(unknown).collect()
}
