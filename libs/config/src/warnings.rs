//! Warnings about valid configurations.

use crate::agents::{AgentProvider, Right};
use crate::application::Application;

/// Warns about a desk that only accepts verified agents, if no agent can issue codes there.
pub(crate) fn of_desk<'p>(
    Application { id, desk, .. }: &Application,
    providers: impl Iterator<Item = &'p AgentProvider>,
) -> Vec<String> {
    if !desk.as_ref().is_some_and(|desk| desk.policy.is_verified()) {
        return Vec::new();
    }
    let may_issue = |provider: &&AgentProvider| {
        provider.rights(id, provider.roles.keys()).contains(&Right::Issue)
    };
    let providers: Vec<_> = providers.filter(may_issue).collect();
    let nobody = format!(
        "{id}: desk: no role of a file in agents/ may issue in this application: nobody can issue a code",
    );
    let unknown = providers.iter().filter(|provider| provider.own.is_empty()).map(|provider| {
        let file = format!("agents/{}.yaml", provider.id);
        format!("{id}: desk: {file} has no `self`: its agents can issue no code")
    });
    providers.is_empty().then_some(nobody).into_iter().chain(unknown).collect()
}
